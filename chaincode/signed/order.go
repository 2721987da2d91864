package signed

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// OrderExpectation is what must hold of an order beside its signatures.
type OrderExpectation struct {
	Order string // id; "" accepts any
	Nonce string
	// derives the collect script (hex) from the bundle's descriptor (T21); required
	Script func(order.Order) (string, error)
}

// Order verifies a signed order before it is paid: its signatures, and that its script is the treasury's
// for this order.
func (v *Verifier) Order(file []byte, want OrderExpectation) (order.View, Answer, error) {
	c, err := v.run(file, Expectation{Function: FunctionOrder, Subject: want.Order, Nonce: want.Nonce})
	if err != nil {
		return order.View{}, Answer{}, err
	}
	o := c.order.Order
	if o.Descriptor != v.bundle.Treasury.Version {
		return order.View{}, Answer{}, ErrDescriptor.Field("descriptor", o.Descriptor,
			strconv.Itoa(v.bundle.Treasury.Version))
	}
	script, err := want.Script(o)
	if err != nil {
		return order.View{}, Answer{}, ErrScript.With(err.Error())
	}
	if script == "" || script != o.Script {
		return order.View{}, Answer{}, ErrScript.Field("script", o.Script, script)
	}
	return c.order, c.answer, nil
}
