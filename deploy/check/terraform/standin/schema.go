package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// provider is one provider of `terraform providers schema -json`.
type provider struct {
	Resources   map[string]versioned `json:"resource_schemas"`
	DataSources map[string]versioned `json:"data_source_schemas"`
}

type versioned struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"block_types"`
}

type attribute struct {
	Type     json.RawMessage `json:"type"`
	Required bool            `json:"required"`
	Optional bool            `json:"optional"`
	Computed bool            `json:"computed"`
}

type nested struct {
	Nesting string `json:"nesting_mode"`
	Block   block  `json:"block"`
	Min     int64  `json:"min_items"`
	Max     int64  `json:"max_items"`
}

func read(path string) (*tfprotov5.GetProviderSchemaResponse, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var p provider
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all := &tfprotov5.GetProviderSchemaResponse{Provider: configuration()}
	if all.ResourceSchemas, err = schemas(p.Resources); err != nil {
		return nil, err
	}
	all.DataSourceSchemas, err = schemas(p.DataSources)
	return all, err
}

// configuration is as much of the provider's own block as the examples use.
func configuration() *tfprotov5.Schema {
	region := &tfprotov5.SchemaAttribute{Name: "region", Type: tftypes.String, Optional: true}
	return &tfprotov5.Schema{Block: &tfprotov5.SchemaBlock{Attributes: []*tfprotov5.SchemaAttribute{region}}}
}

func schemas(from map[string]versioned) (map[string]*tfprotov5.Schema, error) {
	all := map[string]*tfprotov5.Schema{}
	for name, v := range from {
		b, err := v.Block.proto()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = &tfprotov5.Schema{Version: v.Version, Block: b}
	}
	return all, nil
}

func (b block) proto() (*tfprotov5.SchemaBlock, error) {
	all := &tfprotov5.SchemaBlock{}
	for name, a := range b.Attributes {
		t, err := typeOf(a.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all.Attributes = append(all.Attributes, &tfprotov5.SchemaAttribute{Name: name, Type: t, Required: a.Required, Optional: a.Optional, Computed: a.Computed})
	}
	for name, n := range b.Blocks {
		inner, err := n.Block.proto()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all.BlockTypes = append(all.BlockTypes, &tfprotov5.SchemaNestedBlock{TypeName: name, Block: inner, Nesting: nesting(n.Nesting), MinItems: n.Min, MaxItems: n.Max})
	}
	return all, nil
}

func nesting(word string) tfprotov5.SchemaNestedBlockNestingMode {
	switch word {
	case "single":
		return tfprotov5.SchemaNestedBlockNestingModeSingle
	case "set":
		return tfprotov5.SchemaNestedBlockNestingModeSet
	}
	return tfprotov5.SchemaNestedBlockNestingModeList
}
