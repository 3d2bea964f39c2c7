#!/bin/sh
# Before removing (deb: "remove", rpm: 0), not before upgrading: the worker stops in order. The ledger stays.
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
  systemctl disable --now postconfirm-worker.service
fi
