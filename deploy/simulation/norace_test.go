//go:build !race

package simulation_test

// worlds is how many are lived through if nobody says.
const worlds = 500
