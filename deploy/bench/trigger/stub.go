package main

import (
	"crypto/md5"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// stub is as much of SQS as SendMessage needs, in its JSON protocol and in the older query protocol, which Debian's boto3
// speaks. It answers at once and keeps nothing but counts.
type stub struct {
	server      *http.Server
	url         string
	messages    atomic.Int64
	connections atomic.Int64
}

func startStub(a authority) (*stub, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &stub{url: "https://" + l.Addr().String()}
	s.server = &http.Server{
		Handler:   s,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{a.certificate}, NextProtos: []string{"http/1.1"}},
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.connections.Add(1)
			}
		},
	}
	go func() { _ = s.server.ServeTLS(l, "", "") }() // ends by Close
	return s, nil
}

func (s *stub) close() { _ = s.server.Close() }

// queue is the URL of its queue.
func (s *stub) queue() string { return s.url + "/123456789012/signups" }

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		err = errors.New("not signed")
	}
	if err == nil && r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage" {
		err = s.sendJSON(w, body)
	} else if err == nil {
		err = s.sendQuery(w, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *stub) sendJSON(w http.ResponseWriter, body []byte) error {
	var in struct{ QueueUrl, MessageBody string }
	if err := json.Unmarshal(body, &in); err != nil || in.QueueUrl != s.queue() || in.MessageBody == "" {
		return errors.Join(errors.New("no SendMessage"), err)
	}
	s.messages.Add(1)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, err := fmt.Fprintf(w, `{"MessageId":"5fea7756-0ea4-451a-a703-a558b933e274","MD5OfMessageBody":"%x"}`, md5.Sum([]byte(in.MessageBody)))
	return err
}

func (s *stub) sendQuery(w http.ResponseWriter, body []byte) error {
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("Action") != "SendMessage" || form.Get("MessageBody") == "" {
		return errors.Join(errors.New("no SendMessage"), err)
	}
	s.messages.Add(1)
	w.Header().Set("Content-Type", "text/xml")
	_, err = fmt.Fprintf(w, `<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult>`+
		`<MessageId>5fea7756-0ea4-451a-a703-a558b933e274</MessageId><MD5OfMessageBody>%x</MD5OfMessageBody></SendMessageResult>`+
		`<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SendMessageResponse>`, md5.Sum([]byte(form.Get("MessageBody"))))
	return err
}
