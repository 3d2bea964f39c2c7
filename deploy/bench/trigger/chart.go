package main

import (
	"fmt"
	"io"
	"math"
	"text/template"
)

// The chart's measures, in pixels.
const (
	barLeft   = 210
	barWidth  = 420
	barHeight = 18
	rowHeight = 52
)

// row is a subject with its bars.
type row struct {
	Name string
	Y    int
	Ours bool
	Bars []bar
}

// bar is one median.
type bar struct {
	Y, TextY, TextX, Length int
	Fill, Text              string
}

// drawing is the chart by hand: a dozen bars need no library in go.mod, and the template is all that there is to read.
var drawing = template.Must(template.New("chart").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{{.Height}}" viewBox="0 0 720 {{.Height}}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{{.Title}}">
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="24" font-size="15" font-weight="600" fill="#222">{{.Title}}</text>
<text x="16" y="44" fill="#555">medians, log scale; the second bar: with the CPU cut to {{.Share}} % after the start, as at 128 MB</text>
{{range .Rows}}<text x="200" y="{{.Y}}" dy="24" text-anchor="end" fill="#222"{{if .Ours}} font-weight="600"{{end}}>{{.Name}}</text>
{{range .Bars}}<rect x="{{$.Left}}" y="{{.Y}}" width="{{.Length}}" height="{{$.Bar}}" rx="3" fill="{{.Fill}}"/><text x="{{.TextX}}" y="{{.TextY}}" fill="#222">{{.Text}}</text>
{{end}}{{end}}</svg>
`))

// chart draws the medians of the cold starts.
func chart(out io.Writer, p plan, all []*results) error {
	longest := 1.0
	for _, r := range all {
		longest = max(longest, r.total().median, r.slowTotal().median)
	}
	rows := make([]row, len(all))
	for i, r := range all {
		rows[i] = row{Name: r.subject.name, Y: 60 + i*rowHeight, Ours: r.subject.name == subjectOurs}
		for n, ms := range []float64{r.total().median, r.slowTotal().median} {
			if ms > 0 {
				rows[i].add(n, ms, longest)
			}
		}
	}
	return drawing.Execute(out, map[string]any{
		"Title": "From the start of the process to the answer to its first event, in ms", "Share": p.Share,
		"Rows": rows, "Left": barLeft, "Bar": barHeight, "Height": 68 + len(all)*rowHeight,
	})
}

// add draws the n-th bar of a row.
func (r *row) add(n int, ms, longest float64) {
	fills := [...][2]string{{"#7b8794", "#cbd2d9"}, {"#1a7f5a", "#8fd0b7"}}
	fill := fills[0]
	if r.Ours {
		fill = fills[1]
	}
	length := int(barWidth * math.Log1p(ms) / math.Log1p(longest))
	y := r.Y + n*(barHeight+2)
	r.Bars = append(r.Bars, bar{y, y + 14, barLeft + length + 8, length, fill[n], fmt.Sprintf("%.1f", ms)})
}
