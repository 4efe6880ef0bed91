"""An OpenTelemetry collector that prints what it is sent: one JSON object a line, decoded by OpenTelemetry's own classes.

The first line tells the ports: {"grpc": …, "http": …}. Ends when standard input does.
"""
import http.server
import json
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

printing = threading.Lock()


def show(signal, transfer, message):
    with printing:
        print(json.dumps({"signal": signal, "transfer": transfer, "message": MessageToDict(message)}), flush=True)


class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
    def Export(self, request, context):
        show("metrics", "grpc", request)
        return metrics_service_pb2.ExportMetricsServiceResponse()


class Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def Export(self, request, context):
        show("logs", "grpc", request)
        return logs_service_pb2.ExportLogsServiceResponse()


class Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        show("traces", "grpc", request)
        return trace_service_pb2.ExportTraceServiceResponse()


REQUESTS = {
    "/v1/metrics": ("metrics", metrics_service_pb2.ExportMetricsServiceRequest),
    "/v1/logs": ("logs", logs_service_pb2.ExportLogsServiceRequest),
    "/v1/traces": ("traces", trace_service_pb2.ExportTraceServiceRequest),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signal, kind = REQUESTS[self.path]
        assert self.headers["content-type"] == "application/x-protobuf"
        show(signal, "http", kind.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = grpc.server(futures.ThreadPoolExecutor(4))
metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
logs_service_pb2_grpc.add_LogsServiceServicer_to_server(Logs(), server)
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(), server)
grpc_port = server.add_insecure_port("127.0.0.1:0")
server.start()
web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=web.serve_forever, daemon=True).start()
print(json.dumps({"grpc": grpc_port, "http": web.server_address[1]}), flush=True)
sys.stdin.read()
server.stop(None)
