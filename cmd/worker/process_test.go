package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// TestMain lets this test binary be the worker, too.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_WORKER") != "" {
		main()
	}
	os.Exit(m.Run())
}

const pipeline = `version: 1
pools: [eu-west-1_Ab12cd34E]
attributes:
  custom:source: website
`

// process starts the worker as a process on a local cloud and waits until it polls.
func process(t *testing.T, endpoint, dir string, queues []string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "--pipeline", filepath.Join(dir, "pipeline.yaml"), "--queue", queues[0], "--dlq", queues[1],
		"--ledger", "sqlite:"+filepath.Join(dir, "ledger.db"))
	cmd.Env = []string{"BE_THE_WORKER=1", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=" + endpoint, "HOME=" + dir,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local"}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "worker: started") {
			return cmd, lines
		}
		t.Log(lines.Text())
	}
	t.Fatal("the worker did not start")
	return nil, nil
}

func TestAWorkerStopsInOrderAndStartsAgainAfterAKill(t *testing.T) {
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	server, err := cloud.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pipeline.yaml"), []byte(pipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	clients, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	var queues []string
	for _, name := range []string{"confirmed", "dlq"} {
		q, err := clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(name),
			Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
		if err != nil {
			t.Fatal(err)
		}
		queues = append(queues, *q.QueueUrl)
	}

	killed, _ := process(t, server.URL(), dir, queues)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()

	stopped, lines := process(t, server.URL(), dir, queues)
	if err := stopped.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	if err := stopped.Wait(); err != nil || !strings.Contains(last, "worker: stopped") {
		t.Errorf("ended with %v after %s", err, last)
	}
}
