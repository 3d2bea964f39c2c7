package function

import (
	"os"
	"slices"
	"strconv"
)

// version is what Lambda calls the unpublished code, the one that a trigger without a version in its ARN calls.
const version = "$LATEST"

// variables lists what the program sees (Lambda developer guide, "Defined runtime environment variables"): first
// the few that a program needs from the host to run at all, then the function's own, then those that Lambda
// reserves. A later one wins.
func variables(o *Options, api string) []string {
	var v []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SYSTEMROOT"} {
		if value, ok := os.LookupEnv(name); ok {
			v = append(v, name+"="+value)
		}
	}
	v = append(v, "TZ=:UTC")
	var own []string
	for name, value := range o.Environment {
		own = append(own, name+"="+value)
	}
	slices.Sort(own)
	return append(append(v, own...),
		"_HANDLER="+o.Handler,
		"AWS_REGION="+o.Region,
		"AWS_DEFAULT_REGION="+o.Region,
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_NAME="+o.Name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(o.Memory),
		"AWS_LAMBDA_FUNCTION_VERSION="+version,
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/"+o.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=local/["+version+"]"+api,
		"AWS_LAMBDA_RUNTIME_API="+api,
	)
}
