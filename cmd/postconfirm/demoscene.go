package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/enrich/nearest"
)

// sceneNames are what --scene takes.
func sceneNames() (names []string) {
	for _, s := range onebox.Scenes() {
		names = append(names, s.Name)
	}
	return names
}

// sceneOf finds a scene that exists.
func sceneOf(name string) onebox.Scene {
	return onebox.Scenes()[slices.Index(sceneNames(), name)]
}

// sceneHelp lists the scenes and their vendors.
func sceneHelp() string {
	var b strings.Builder
	b.WriteString("Scenes, and the vendors that --outage takes down:")
	for _, s := range onebox.Scenes() {
		fmt.Fprintf(&b, "\n  %-9s %s\n            --outage %s", s.Name, s.About, strings.Join(s.Vendors, " | "))
	}
	b.WriteString("\nBut for quick, a scene is a file of deploy/examples as it stands, in front of vendors that speak the real wire;\n" +
		"it ends with exit code 1 if one of them was asked for an effect twice, or got an event that nobody had signed.")
	return b.String()
}

func (o demoOptions) check() error {
	if o.users < 1 || o.users > 500 {
		return &problem{err: fmt.Errorf("--users is %d: want 1 to 500", o.users), next: "postconfirm demo --users 5", code: exitUsage}
	}
	if !slices.Contains(sceneNames(), o.sceneName) {
		return noScene(o.sceneName)
	}
	s := sceneOf(o.sceneName)
	if o.outage == "" || slices.Contains(s.Vendors, o.outage) {
		return nil
	}
	return noVendor(o.outage, s)
}

// noVendor says which vendors the scene has, and how to go on: with another scene that has this one, or with the vendor
// that was probably meant.
func noVendor(name string, s onebox.Scene) error {
	where, scene := "the demo", ""
	if s.Name != onebox.Quick {
		where, scene = "the scene "+s.Name, " --scene "+s.Name
	}
	p := &problem{err: fmt.Errorf("--outage %q is no vendor of %s", name, where), hint: "vendors are " + strings.Join(s.Vendors, ", "),
		next: "postconfirm demo" + scene + " --outage " + near(name, s.Vendors), code: exitUsage}
	all := onebox.Scenes()
	if i := slices.IndexFunc(all, func(other onebox.Scene) bool { return slices.Contains(other.Vendors, name) }); i > 0 {
		p.next = "postconfirm demo --scene " + all[i].Name + " --outage " + name
	}
	return p
}

// noScene says which scenes there are, and which was probably meant.
func noScene(name string) error {
	return &problem{err: fmt.Errorf("--scene %q is no scene of the demo", name), hint: "scenes are " + strings.Join(sceneNames(), ", "),
		next: "postconfirm demo --scene " + near(name, sceneNames()), code: exitUsage}
}

// near is the known name nearest to name, or else the first.
func near(name string, known []string) string {
	if meant := nearest.Name(name, known); meant != "" {
		return meant
	}
	return known[0]
}
