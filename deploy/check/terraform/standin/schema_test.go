package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestASchemaBecomesTheProviders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schema.json")
	text := `{"resource_schemas": {"aws_thing": {"version": 2, "block": {
		"attributes": {"words": {"type": ["set", "string"], "required": true}, "shape": {"type": ["object", {"size": "number"}], "computed": true}},
		"block_types": {"part": {"nesting_mode": "single", "block": {}, "max_items": 1}}}}},
		"data_source_schemas": {"aws_place": {"block": {}}}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	thing := all.ResourceSchemas["aws_thing"]
	if thing == nil || thing.Version != 2 || all.DataSourceSchemas["aws_place"] == nil {
		t.Fatalf("%+v", all)
	}
	for _, a := range thing.Block.Attributes {
		want := map[string]tftypes.Type{"words": tftypes.Set{ElementType: tftypes.String}, "shape": tftypes.Object{AttributeTypes: map[string]tftypes.Type{"size": tftypes.Number}}}[a.Name]
		if !a.Type.Equal(want) || a.Required != (a.Name == "words") || a.Computed != (a.Name == "shape") {
			t.Errorf("%+v", a)
		}
	}
	if part := thing.Block.BlockTypes[0]; part.TypeName != "part" || part.Nesting != tfprotov5.SchemaNestedBlockNestingModeSingle || part.MaxItems != 1 {
		t.Errorf("%+v", part)
	}
}

func TestATypeThatIsNotKnownIsAnError(t *testing.T) {
	for _, text := range []string{`"text"`, `["pair", "string"]`, `["list"]`, `["list", "text"]`, `["object", {"size": "text"}]`, `7`} {
		if got, err := typeOf([]byte(text)); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}
