package main

import (
	"fmt"
	"io"
	"math"
	"text/template"
)

// The chart's measures, in pixels.
const (
	rowHeight = 34
	barLeft   = 210
	barWidth  = 400
)

// bar is one line of the chart.
type bar struct {
	Name, Text string
	Y          int
	Length     float64
	Ours       bool
}

// drawing is a bar chart by hand: six bars need no library, and a template is all that there is to read.
var drawing = template.Must(template.New("chart").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{{.Height}}" viewBox="0 0 720 {{.Height}}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Cold starts in milliseconds">
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="26" font-size="15" font-weight="600" fill="#222">Cold start: start of the process to the answer to its first event, ms (log scale)</text>
{{range .Bars}}<text x="{{$.Left}}" y="{{.Y}}" dx="-10" dy="16" text-anchor="end" fill="#222"{{if .Ours}} font-weight="600"{{end}}>{{.Name}}</text>
<rect x="{{$.Left}}" y="{{.Y}}" width="{{printf "%.1f" .Length}}" height="22" rx="3" fill="{{if .Ours}}#1a7f5a{{else}}#9aa5b1{{end}}"><title>{{.Name}}: {{.Text}}</title></rect>
<text x="{{$.Left}}" y="{{.Y}}" dx="{{printf "%.1f" .Length}}" dy="16" fill="#222"><tspan dx="8">{{.Text}}</tspan></text>
{{end}}</svg>
`))

// chart draws the medians of the cold starts.
func chart(out io.Writer, all []*results) error {
	longest := 1.0
	for _, r := range all {
		longest = max(longest, r.total().median)
	}
	bars := make([]bar, len(all))
	for i, r := range all {
		total := r.total().median
		bars[i] = bar{
			Name: r.subject.name, Text: fmt.Sprintf("%.1f", total), Y: 44 + i*rowHeight, Ours: r.subject.name == subjectOurs,
			Length: barWidth * math.Log1p(total) / math.Log1p(longest),
		}
	}
	return drawing.Execute(out, map[string]any{"Bars": bars, "Left": barLeft, "Height": 56 + len(all)*rowHeight})
}
