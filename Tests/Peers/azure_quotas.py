"""Reads and sets quota counters with Azure's SDK: URL CREDENTIAL COMMAND KEY [PERIOD|-] [CALLS KILOBYTES].

Commands: list, get, update (all periods of a key), update-period. Prints what the SDK made of the answer, as JSON."""
import json
import sys

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.mgmt.apimanagement import ApiManagementClient, models

url, credential, command, key = sys.argv[1:5]
client = ApiManagementClient(
    "unused", "00000000-0000-0000-0000-000000000000", base_url=url,
    authentication_policy=AzureKeyCredentialPolicy(AzureKeyCredential(credential), "Authorization", prefix="Bearer"))
service = ("postern", "postern")
period = sys.argv[5] if len(sys.argv) > 5 else None
update = None
if len(sys.argv) > 7:
    update = models.QuotaCounterValueUpdateContract(calls_count=int(sys.argv[6]), kb_transferred=float(sys.argv[7]))


def shown(contract):
    return {
        "counterKey": contract.counter_key, "periodKey": contract.period_key,
        "seconds": (contract.period_end_time - contract.period_start_time).total_seconds(),
        "calls": contract.value.calls_count, "kilobytes": contract.value.kb_transferred,
    }


try:
    if command == "list":
        answer = [shown(one) for one in client.quota_by_counter_keys.list_by_service(*service, key).value]
    elif command == "update":
        answer = [shown(one) for one in client.quota_by_counter_keys.update(*service, key, update).value]
    elif command == "get":
        answer = [shown(client.quota_by_period_keys.get(*service, key, period))]
    else:
        answer = [shown(client.quota_by_period_keys.update(*service, key, period, update))]
    print(json.dumps(answer))
except HttpResponseError as error:
    print(json.dumps({"status": error.status_code, "code": error.error.code}))
