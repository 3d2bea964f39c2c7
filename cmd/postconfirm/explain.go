package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	keys string
	show bool
	json bool
}

// metadataKeys splits the comma list as the trigger does.
func metadataKeys(list string) (keys []string, err error) {
	for key := range strings.SplitSeq(list, ",") {
		if key = strings.TrimSpace(key); key != "" {
			keys = append(keys, key)
		}
	}
	if len(keys) > trigger.MaxMetadataKeys {
		return nil, &problem{err: fmt.Errorf("--metadata-keys has %d keys: the trigger takes %d", len(keys), trigger.MaxMetadataKeys), code: exitUsage}
	}
	return keys, nil
}

func explainCommand(std streams) *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain EVENT…",
		Short: "Say what the trigger would do with a Cognito event, and why",
		Long: "Reads each file as one event that Cognito hands the trigger (- is standard input), and says whether it would be\n" +
			"sent, ignored or handed back as unreadable, why, and what would be on the queue. Nothing is sent.",
		Example: "  postconfirm explain event.json\n  postconfirm explain --metadata-keys plan --show - < event.json",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return explain(std, cmd.InOrStdin(), args, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	metadataFlag(cmd, &o.keys)
	f.BoolVar(&o.show, "show", false, "show user name and metadata values")
	f.BoolVar(&o.json, "json", false, "one JSON object for each event")
	return cmd
}

// metadataFlag is --metadata-keys, by default what the trigger's own variable says.
func metadataFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "metadata-keys", os.Getenv("POSTCONFIRM_METADATA_KEYS"), "comma list of the client metadata `keys` that travel (POSTCONFIRM_METADATA_KEYS)")
}

// explain explains what can be read, and then says what could not.
func explain(std streams, stdin io.Reader, paths []string, o explainOptions) error {
	keys, err := metadataKeys(o.keys)
	if err != nil {
		return err
	}
	var unread []error
	for _, path := range paths {
		payload, err := readInput(stdin, path)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		x := trigger.Explain(payload, keys)
		if o.json {
			err = explainJSON(std.out, path, x, o.show)
		} else {
			explainText(std.out, path, x, o.show)
		}
		if err != nil {
			return err
		}
	}
	if len(unread) > 0 {
		return &problem{err: errors.Join(unread...), code: exitUsage}
	}
	return nil
}

// maxInput is the largest input that is read: more than Lambda takes as an event (AWS Lambda quotas, 6 MB).
const maxInput = 16 << 20

// readInput reads a file, or standard input for "-".
func readInput(stdin io.Reader, path string) ([]byte, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		defer file.Close()
		stdin = file
	}
	data, err := io.ReadAll(io.LimitReader(stdin, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("read event: %s is larger than %d bytes", path, maxInput)
	}
	return data, nil
}

// explainText is one block for people.
func explainText(w io.Writer, path string, x trigger.Explanation, show bool) {
	fmt.Fprintf(w, "%s: %s\n  %s\n", path, x.Outcome, x.Why())
	switch {
	case x.Message != nil:
	case x.Outcome == trigger.Ignored:
		fmt.Fprint(w, "  The event is handed back, and nothing is on the queue.\n\n")
		return
	default:
		fmt.Fprintf(w, "  The event is handed back and logged as %s; nothing is on the queue.\n\n", x.Reason)
		return
	}
	m := *x.Message
	if !show {
		m = hidden(m)
	}
	fmt.Fprintf(w, "  On the queue, as run %s:\n", m.Key())
	for _, f := range [][2]string{{"pool", m.Pool}, {"region", m.Region}, {"user", m.User}, {"sub", m.Sub},
		{"generation", m.Generation}, {"source", m.Source}, {"client", m.Client}} {
		if f[1] != "" {
			fmt.Fprintf(w, "    %-11s %s\n", f[0], printable(f[1]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		fmt.Fprintf(w, "    %-11s %s: %s\n", "metadata", printable(key), printable(m.Metadata[key]))
	}
	fmt.Fprintln(w)
}

// explainJSON is one object for machines. The message is what would be on the queue, but for its time.
func explainJSON(w io.Writer, path string, x trigger.Explanation, show bool) error {
	out := struct {
		Event   string          `json:"event"`
		Outcome string          `json:"outcome"`
		Reason  string          `json:"reason,omitempty"`
		Why     string          `json:"why"`
		Trigger string          `json:"trigger,omitempty"`
		Run     string          `json:"run,omitempty"`
		Message json.RawMessage `json:"message,omitempty"`
	}{Event: path, Outcome: x.Outcome, Reason: x.Reason, Why: x.Why(), Trigger: x.Source}
	if x.Message != nil {
		m := *x.Message
		out.Run = m.Key()
		if !show {
			m = hidden(m)
		}
		out.Message = m.Encode()
	}
	return json.NewEncoder(w).Encode(out)
}

// hidden is the message with lengths in place of the user name and of metadata values.
func hidden(m event.Message) event.Message {
	m.User = length(m.User)
	metadata := make(map[string]string, len(m.Metadata))
	for key, value := range m.Metadata {
		metadata[key] = length(value)
	}
	m.Metadata = metadata
	return m
}

func length(s string) string { return "(" + count(len([]rune(s)), "character") + ")" }
