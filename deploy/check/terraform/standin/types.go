package main

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// typeOf reads a type: "string", ["list", "string"], ["object", {"size": "number"}].
func typeOf(b json.RawMessage) (tftypes.Type, error) {
	var word string
	if json.Unmarshal(b, &word) == nil {
		if t, ok := map[string]tftypes.Type{"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool, "dynamic": tftypes.DynamicPseudoType}[word]; ok {
			return t, nil
		}
		return nil, fmt.Errorf("no type %q", word)
	}
	var pair []json.RawMessage
	if err := json.Unmarshal(b, &pair); err != nil || len(pair) != 2 || json.Unmarshal(pair[0], &word) != nil {
		return nil, fmt.Errorf("no type %s", b)
	}
	if word == "object" {
		return object(pair[1])
	}
	inner, err := typeOf(pair[1])
	if err != nil {
		return nil, err
	}
	if t, ok := map[string]tftypes.Type{"list": tftypes.List{ElementType: inner}, "set": tftypes.Set{ElementType: inner}, "map": tftypes.Map{ElementType: inner}}[word]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("no type %q", word)
}

func object(b json.RawMessage) (tftypes.Type, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, err
	}
	all := map[string]tftypes.Type{}
	for name, m := range members {
		t, err := typeOf(m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = t
	}
	return tftypes.Object{AttributeTypes: all}, nil
}
