"""The trigger's job in Python: boto3, and a plain loop on http.client around the handler."""

import http.client
import json
import os

import boto3

# An older boto3 doesn't know AWS_ENDPOINT_URL_SQS.
client = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL_SQS"])


def handler(event):
    if event["triggerSource"] == "PostConfirmation_ConfirmSignUp":
        body = {"pool": event["userPoolId"], "user": event["userName"], "sub": event["request"]["userAttributes"]["sub"]}
        client.send_message(QueueUrl=os.environ["POSTCONFIRM_QUEUE_URL"], MessageBody=json.dumps(body))
    return event


def main():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = runtime.getresponse()
        request_id, event = answer.getheader("Lambda-Runtime-Aws-Request-Id"), json.loads(answer.read())
        runtime.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", json.dumps(handler(event)))
        runtime.getresponse().read()


main()
