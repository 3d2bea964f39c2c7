package main

import (
	"encoding/json"
	"testing"
)

// A made-up type, in the form that the bindings have.
const (
	program = `
function thingPartToHclTerraform(struct) {
    const attrs = {
        size: {
            value: cdktf.numberToHclTerraform(struct.size),
            isBlock: false,
            type: "simple",
            storageClassType: "number",
        },
    };
    // remove undefined attributes
}
class Thing extends cdktf.TerraformResource {
    // arn - computed: true, optional: false, required: false
    get arn() {
        return this.getStringAttribute('arn');
    }
    synthesizeHclAttributes() {
        const attrs = {
            name: {
                value: cdktf.stringToHclTerraform(this._name),
                isBlock: false,
                type: "simple",
                storageClassType: "string",
            },
            words: {
                value: cdktf.listMapperHcl(cdktf.stringToHclTerraform, false)(this._words),
                isBlock: false,
                type: "set",
                storageClassType: "stringList",
            },
            part: {
                value: thingPartToHclTerraform(this._part.internalValue),
                isBlock: true,
                type: "list",
                storageClassType: "ThingPartList",
            },
        };
        // remove undefined attributes
    }
}
`
	interfaces = `
export interface ThingConfig extends cdktf.TerraformMetaArguments {
    /**
    * Docs: {@link https://example.com/thing#name Thing#name}
    */
    readonly name: string;
    /**
    * Words, many/few.
    *
    * Docs: {@link https://example.com/thing#words Thing#words}
    */
    readonly words?: string[];
    /**
    * part block
    *
    * Docs: {@link https://example.com/thing#part Thing#part}
    */
    readonly part: ThingPart;
}
export interface ThingPart {
    /**
    * Docs: {@link https://example.com/thing#size Thing#size}
    */
    readonly size?: number;
}
`
)

func TestATypeIsReadFromItsBindings(t *testing.T) {
	b, err := source{program, interfaces}.block()
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"attributes":{"arn":{"computed":true,"type":"string"},` +
		`"name":{"computed":false,"optional":false,"required":true,"type":"string"},` +
		`"words":{"computed":false,"optional":true,"required":false,"type":["set","string"]}},` +
		`"block_types":{"part":{"block":{"attributes":{"size":{"computed":false,"optional":true,"required":false,"type":"number"}},"block_types":{}},` +
		`"max_items":1,"min_items":1,"nesting_mode":"list"}}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAFormThatIsNotKnownIsAnError(t *testing.T) {
	for name, s := range map[string]source{
		"nothing":               {},
		"a class without table": {js: "class Thing extends cdktf.TerraformResource {\n    synthesizeHclAttributes() {\n", types: interfaces},
	} {
		if _, err := s.block(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
