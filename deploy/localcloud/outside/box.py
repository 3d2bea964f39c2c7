"""Starts `postconfirm local` as a user would, and stops it; nothing but Python's own library."""

import json
import os
import signal
import subprocess
import tempfile
import urllib.request

PIPELINE = """
version: 1
pools: [eu-west-1_Outside01]
steps:
  - id: company
    uses: http
    with:
      url: http://127.0.0.1:9/find
    on-failure: skip
attributes:
  custom:company: ${{ steps.company.body.name }}
"""


class Box:
    """A running box: endpoint, region, trigger and more, as the program printed them."""

    def __init__(self):
        program = os.environ["POSTCONFIRM"]  # the path of the postconfirm binary
        self.home = tempfile.TemporaryDirectory(prefix="postconfirm-")
        pipeline = os.path.join(self.home.name, "pipeline.yaml")
        with open(pipeline, "w", encoding="utf-8") as file:
            file.write(PIPELINE)
        self.log = open(os.path.join(self.home.name, "log"), "w+", encoding="utf-8")
        command = [program, "local", "--listen", "127.0.0.1:0", "--pipeline", pipeline, "--allow-loopback", "--json"]
        environment = {"PATH": os.environ["PATH"], "HOME": self.home.name}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"postconfirm local ended with {self.process.wait()}:\n{self.said()}")
        self.ready = json.loads(line)

    def said(self):
        """What the program has logged."""
        self.log.seek(0)
        return self.log.read()

    def control(self, method, path, body=None):
        """Asks the cloud's control surface, and gives the answer's JSON, if there is one."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.ready["endpoint"] + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def close(self):
        """Stops the program and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.log.close()
        self.home.cleanup()
        return code
