package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Number is a float64 whose JSON form survives what JSON lacks: non-finite
// values are the strings "inf", "-inf" and "nan".
type Number float64

// MarshalJSON writes the shortest digits that read back bit for bit.
func (x Number) MarshalJSON() ([]byte, error) {
	v := float64(x)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.AppendQuote(nil, x.String()), nil
	}
	return json.Marshal(v)
}

// UnmarshalJSON accepts what MarshalJSON writes.
func (x *Number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	switch s {
	case "nan", "inf", "-inf":
	default:
		if len(b) > 0 && b[0] == '"' {
			return fmt.Errorf("report: %s is not a number", b)
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("report: %s is not a number", b)
	}
	*x = Number(v)
	return nil
}

// String formats like MarshalJSON, without the quotes.
func (x Number) String() string {
	switch v := float64(x); {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	default:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
}
