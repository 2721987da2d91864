package main

import (
	"context"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

const pocketMoney = 500_000 // satoshi that the faucet gives the machine

// buyLicense lets the machine order, check, pay and get its grant, while miners mine.
func buyLicense(ctx context.Context, w *world) error {
	if w.breakAt != "buy" { // an empty wallet
		if err := w.Fund(ctx, w.machine, pocketMoney); err != nil {
			return err
		}
	}
	var bought struct {
		License string `json:"license"`
		Order   string `json:"order"`
	}
	err := w.Mine(ctx, func(ctx context.Context) error {
		return w.Drive(ctx, w.machine, &bought, "buy", "--offer", w.offer, "--at-most", fmt.Sprint(price),
			"--wait", w.timeout("buy").String())
	})
	if err != nil {
		return err
	}
	w.license, w.order = bought.License, bought.Order
	return w.noteSale(ctx)
}

// noteSale reads what the settling transaction booked and checks it to the satoshi.
func (w *world) noteSale(ctx context.Context) error {
	var view order.View
	if err := w.Read(ctx, &view, "orders:Get", w.order); err != nil {
		return err
	}
	sale := &w.report.Sale
	sale.Order, sale.License, sale.Price, sale.Uses = w.order, w.license, int64(view.Order.Price), uses
	for _, p := range view.Payments {
		sale.Outputs = append(sale.Outputs,
			Output{Outpoint: fmt.Sprintf("%s:%d", p.TxID, p.Vout), Amount: int64(p.Amount), Height: int64(p.Height)})
	}
	var total int64
	for _, payee := range []string{
		w.Party("operator", "governor"), w.Party("licensors", "licensor1"),
		w.Party("licensors", "licensor2"),
	} {
		var accruals []royalty.Accrual
		if err := w.Read(ctx, &accruals, "royalties:Accruals", payee); err != nil {
			return err
		}
		for _, a := range accruals {
			sale.Accruals[payee] += int64(a.Amount)
			total += int64(a.Amount)
		}
	}
	if view.State != "paid" || total != price {
		return fmt.Errorf("order is %s, accruals add up to %d sat, want paid and %d", view.State, total, price)
	}
	w.Say("order %s… is paid: license, receipt of %d sat and accruals in one transaction", w.order[:16], view.Paid)
	for payee, amount := range sale.Accruals {
		w.Say("  %-36s %6d sat", payee, amount)
	}
	return nil
}
