"""Traces with Azure's SDK: URL CREDENTIAL credentials GATEWAY API [SECONDS] | trace GATEWAY TRACE.

Prints what the SDK made of the answer, as JSON."""
import datetime
import json
import sys

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.mgmt.apimanagement import ApiManagementClient, models

url, credential, command, gateway, name = sys.argv[1:6]
client = ApiManagementClient(
    "unused", "00000000-0000-0000-0000-000000000000", base_url=url,
    authentication_policy=AzureKeyCredentialPolicy(AzureKeyCredential(credential), "Authorization", prefix="Bearer"))
service = ("postern", "postern")
try:
    if command == "credentials":
        api = client.api.get(*service, name)
        wish = models.GatewayListDebugCredentialsContract(purposes=["tracing"], api_id=api.id)
        if len(sys.argv) > 6:
            wish.credentials_expire_after = datetime.timedelta(seconds=int(sys.argv[6]))
        print(client.gateway.list_debug_credentials(*service, gateway, wish).token)
    else:
        trace = client.gateway.list_trace(*service, gateway, models.GatewayListTraceContract(trace_id=name))
        print(json.dumps(trace))
except HttpResponseError as error:
    print(json.dumps({"status": error.status_code, "code": error.error.code}))
