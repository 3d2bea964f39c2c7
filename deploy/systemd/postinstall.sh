#!/bin/sh
# After installing or upgrading: systemd reads the unit; a worker that runs is started anew with the new program.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart postconfirm-worker.service
fi
