package report

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Field is one named value of an ordered JSON object.
type Field struct {
	Name  string
	Value any // Number for floating-point values, so that non-finite ones survive
}

// Fields is a JSON object that keeps its order: options and statistics.
type Fields []Field

// Add appends a field; a float64 becomes a Number.
func (f *Fields) Add(name string, value any) {
	if v, ok := value.(float64); ok {
		value = Number(v)
	}
	*f = append(*f, Field{name, value})
}

// Set replaces the field of that name, or adds it.
func (f *Fields) Set(name string, value any) {
	if v, ok := value.(float64); ok {
		value = Number(v)
	}
	for i := range *f {
		if (*f)[i].Name == name {
			(*f)[i].Value = value
			return
		}
	}
	*f = append(*f, Field{name, value})
}

// Get returns the value of a field and whether it is there.
func (f Fields) Get(name string) (any, bool) {
	for _, x := range f {
		if x.Name == name {
			return x.Value, true
		}
	}
	return nil, false
}

// Float returns a field as a number and whether it is one.
func (f Fields) Float(name string) (float64, bool) {
	v, _ := f.Get(name)
	switch v := v.(type) {
	case Number:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// Text returns a field as a string, "" when it is absent or something else.
func (f Fields) Text(name string) string {
	v, _ := f.Get(name)
	s, _ := v.(string)
	return s
}

// MarshalJSON writes the fields in their order.
func (f Fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(x.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(x.Value)
		if err != nil {
			return nil, fmt.Errorf("report: field %s: %w", x.Name, err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object in its order. Numbers, and the strings that
// stand for non-finite ones, become Number.
func (f *Fields) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("report: an object is expected, not %.20s", b)
	}
	*f = (*f)[:0]
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		value, err := fieldValue(raw)
		if err != nil {
			return err
		}
		*f = append(*f, Field{name.(string), value})
	}
	return nil
}

func fieldValue(raw json.RawMessage) (any, error) {
	var x Number
	if x.UnmarshalJSON(raw) == nil {
		return x, nil
	}
	var v any
	err := json.Unmarshal(raw, &v)
	return v, err
}
