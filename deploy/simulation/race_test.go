//go:build race

package simulation_test

// worlds is how many are lived through if nobody says: under the race detector each takes ten times as long, and what it
// looks for shows in a few.
const worlds = 60
