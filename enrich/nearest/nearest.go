// Package nearest finds the word that was probably meant by a misspelt one: in an expression, in a file, on a command
// line. Standard library only.
package nearest

import "strings"

// Name finds the name that was probably meant: the known name with the fewest letters to change, if that is at
// most a third of them. It gives "" when nothing is near.
func Name(name string, known []string) string {
	best, bound := "", max(1, len(name)/3)+1
	for _, k := range known {
		if len(k)-len(name) >= bound || len(name)-len(k) >= bound {
			continue
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < bound {
			best, bound = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, change or swap with their neighbour.
func distance(a, b string) int {
	before, last, row := []int(nil), counting(len(b)+1), []int(nil)
	for i := 1; i <= len(a); i++ {
		row = make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

func counting(n int) []int {
	row := make([]int, n)
	for i := range row {
		row[i] = i
	}
	return row
}
