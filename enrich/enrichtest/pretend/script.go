package pretend

import "net/http"

// route is a script of its own for some of the requests.
type route struct {
	is     func(Request) bool
	script []Answer
}

// Say sets what the vendor does with the next requests, one answer each; the last one holds for all that follow. With
// an empty script it answers 200 and {}. Requests that [Vendor.When] has a script for do not count.
func (v *Vendor) Say(script ...Answer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.script = append([]Answer{}, script...)
	if len(v.script) == 0 {
		v.script = []Answer{JSON(http.StatusOK, "{}")}
	}
}

// When sets what the vendor does with the requests that a function picks, as Say does for all others: for token
// endpoints, look-ups, and whatever else a client asks on its way. The latest that picks a request counts. An answer
// that reads nothing can't be picked by what it would have read; here it acts after the reading.
func (v *Vendor) When(is func(Request) bool, script ...Answer) {
	if len(script) == 0 {
		script = []Answer{JSON(http.StatusOK, "{}")}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.routes = append([]*route{{is: is, script: append([]Answer{}, script...)}}, v.routes...)
}

// unread takes the next answer if it is one that reads nothing.
func (v *Vendor) unread() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.script[0].unread {
		return false
	}
	step(&v.script)
	return true
}

func (v *Vendor) next(r Request) Answer {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, route := range v.routes {
		if route.is(r) {
			return step(&route.script)
		}
	}
	return step(&v.script)
}

func step(script *[]Answer) Answer {
	a := (*script)[0]
	if len(*script) > 1 {
		*script = (*script)[1:]
	}
	return a
}
