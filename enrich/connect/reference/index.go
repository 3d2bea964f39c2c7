package reference

import (
	"encoding/json"
	"fmt"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// Weights are what connectors add to a stripped worker, as `make weights` measures it.
type Weights struct {
	Go         string           `json:"go"`         // "go1.26.8"
	Platform   string           `json:"platform"`   // "linux/amd64"
	Worker     int64            `json:"worker"`     // bytes, with all connectors
	Connectors map[string]int64 `json:"connectors"` // bytes that the worker is smaller without this one alone
}

// ReadWeights reads what `make weights` wrote.
func ReadWeights(data []byte) (Weights, error) {
	var w Weights
	if err := json.Unmarshal(data, &w); err != nil {
		return Weights{}, fmt.Errorf("reference: read weights: %w", err)
	}
	return w, nil
}

// Index is the page that lists all connectors, with class and weight, and the codes that those share which speak HTTP.
func Index(kinds []enrich.Kind, weights Weights) ([]byte, error) {
	p := &page{}
	p.line("<!-- Made by `make reference`; the weights by `make weights`. -->")
	p.line("# Connectors\n\nWhat `uses:` may name. Each name leads to its page.\n")
	p.line("| connector | | class | weight |\n|---|---|---|---|")
	for _, kind := range kinds {
		class, err := classOf(kind)
		if err != nil {
			return nil, fmt.Errorf("reference: %s: %w", kind.Name, err)
		}
		p.line("| [%s](%s/REFERENCE.md) | %s | %s | %s |", kind.Name, kind.Name, cell(kind.Doc), cell(class), weights.of(kind.Name))
	}
	p.line("\nWeight: how much smaller the stripped worker (%s with all of them; %s, %s) is without this one. What several of them share is in none of these figures.\n",
		megabytes(weights.Worker), weights.Go, weights.Platform)
	p.line("Your own is [an hour's work](../../CONTRIBUTING.md#add-your-own-system-in-an-hour).\n")
	p.line("## Codes of every connector that speaks HTTP\n")
	p.codeTable(connect.Codes())
	p.line("What the kinds mean to a run stands in [DESIGN.md](../../DESIGN.md#one-failure-as-data).")
	return p.bytes(), nil
}

func (w Weights) of(name string) string {
	bytes, ok := w.Connectors[name]
	if !ok {
		return "not measured"
	}
	return kilobytes(bytes)
}

func kilobytes(bytes int64) string {
	if bytes >= 1_000_000 {
		return megabytes(bytes)
	}
	return fmt.Sprintf("%d kB", (bytes+500)/1000)
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
