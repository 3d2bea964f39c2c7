package shipped_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type rule struct {
	name  string
	check func(files) error
}

func rules() []rule {
	return []rule{
		{"image-user", imageUser}, {"image-start", imageStart}, {"image-build", imageBuild}, {"image-context", imageContext},
		{"sandbox", sandbox}, {"unit-stop", unitStop}, {"unit-files", unitFiles},
		{"same-flags", sameFlags}, {"packages", packages},
	}
}

func imageUser(f files) error {
	var users []string
	for _, line := range f.lines(image) {
		if user, ok := strings.CutPrefix(line, "USER "); ok {
			users = append(users, user)
		}
	}
	if !slices.Equal(users, []string{"65532:65532"}) {
		return fmt.Errorf("the users of the image are %v, want 65532:65532 as numbers", users)
	}
	return f.want(image, "COPY --from=build --chown=65532:65532 /out/ledger /var/lib/postconfirm")
}

func imageStart(f files) error {
	return f.want(image, `ENTRYPOINT ["/usr/local/bin/postconfirm-worker"]`, "STOPSIGNAL SIGTERM", "EXPOSE 9464", "ENV POSTCONFIRM_METRICS=0.0.0.0:9464",
		"COPY --from=build /out/postconfirm-worker /out/postconfirm /usr/local/bin/")
}

func imageBuild(f files) error {
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(f[modules])
	if version == nil || !strings.Contains(f[image], "GO_IMAGE=golang:"+version[1]+"-") {
		return fmt.Errorf("the image is not built with the module's Go, %v", version)
	}
	return f.want(image, "FROM --platform=${BUILDPLATFORM} ${GO_IMAGE} AS build", "FROM ${BASE_IMAGE}")
}

func imageContext(f files) error {
	return f.want(ignored, "*", "!go.mod", "!go.sum", "!cmd", "!deploy", "!enrich", "!trigger", "!worker", "**/*.db", "**/*.db-*", "**/.env")
}

// sandbox is every line that closes something. systemd's own figure would not change much if one of them went.
func sandbox(f files) error {
	return f.want(unit, "DynamicUser=yes", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "AmbientCapabilities=", "ProtectSystem=strict", "ProtectHome=yes",
		"PrivateTmp=yes", "PrivateDevices=yes", "PrivateUsers=yes", "ProtectProc=invisible", "ProcSubset=pid", "ProtectClock=yes", "ProtectHostname=yes",
		"ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes", "ProtectControlGroups=yes",
		"RestrictAddressFamilies=AF_INET AF_INET6", "RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "RemoveIPC=yes",
		"LockPersonality=yes", "DevicePolicy=closed", "MemoryDenyWriteExecute=yes", "SystemCallArchitectures=native",
		"SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources", "UMask=0077", "StateDirectoryMode=0700")
}

// unitStop gives the worker the grace that its program names, and 5 s.
func unitStop(f files) error {
	grace := regexp.MustCompile(`"grace".*\(default (\d+)s\)`).FindStringSubmatch(f[program])
	given := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(f[unit])
	if grace == nil || given == nil {
		return errors.New("the grace of the worker or the time-out of the unit can't be read")
	}
	g, _ := strconv.Atoi(grace[1]) // digits
	if t, _ := strconv.Atoi(given[1]); t < g+5 {
		return fmt.Errorf("the unit is killed after %d s, and the worker's grace is %d s", t, g)
	}
	return f.want(unit, "Restart=on-failure", "RestartPreventExitStatus=2", "KillMode=mixed", "StartLimitIntervalSec=0")
}

func unitFiles(f files) error {
	if err := errors.Join(f.known(env), f.known(secrets)); err != nil {
		return err
	}
	return errors.Join(
		f.want(unit, "ExecStart=/usr/bin/postconfirm-worker", "EnvironmentFile=/etc/postconfirm/worker.env", "StateDirectory=postconfirm"),
		f.want(env, "POSTCONFIRM_LEDGER=sqlite:/var/lib/postconfirm/ledger.db", "POSTCONFIRM_METRICS=127.0.0.1:9464"),
		f.want(secrets, "Environment=POSTCONFIRM_SECRETS_DIR=%d"))
}

// sameFlags sees that a program is the same, whoever builds it.
func sameFlags(f files) error {
	for _, flag := range []string{"-trimpath", "-buildvcs=false", "-mod=readonly", "-s -w"} {
		for _, path := range []string{image, release, twice} {
			if !strings.Contains(f[path], flag) {
				return fmt.Errorf("%s builds without %s", path, flag)
			}
		}
	}
	if err := f.want(release, "env: [CGO_ENABLED=0]", "flags: [-trimpath, -buildvcs=false, -mod=readonly]", "tags: [lambda.norpc]"); err != nil {
		return err
	}
	if !strings.Contains(f[makefile], "-tags lambda.norpc -trimpath -ldflags \"-s -w\"") {
		return errors.New("the Makefile builds functions with other flags")
	}
	return nil
}

func packages(f files) error {
	return f.want(release, "goos: [linux, darwin, windows]", "goarch: [amd64, arm64]", "formats: [deb, rpm]", "bindir: /usr/bin",
		`- { src: deploy/systemd/postconfirm-worker.service, dst: /usr/lib/systemd/system/postconfirm-worker.service, file_info: { mode: 0644, mtime: "{{ .CommitDate }}" } }`,
		`- { src: deploy/systemd/worker.env, dst: /etc/postconfirm/worker.env, type: config|noreplace, file_info: { mode: 0600, mtime: "{{ .CommitDate }}" } }`,
		"postinstall: deploy/systemd/postinstall.sh", "preremove: deploy/systemd/preremove.sh", "artifacts: binary", "algorithm: sha256",
		`documents: ["{{ .Env.artifactID }}_{{ .Version }}_{{ .Os }}_{{ .Arch }}.cdx.json"]`) // three binaries are called bootstrap
}
