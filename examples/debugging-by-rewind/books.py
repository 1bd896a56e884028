# The invariant: customers own what is in the vault, no more and no less. Before the bank opened there is nothing to check.
if "balances" in globals():
    surplus = sum(balances.values()) - vault
    assert surplus == 0, f"accounts hold {surplus / 100:.2f} more than the vault"
