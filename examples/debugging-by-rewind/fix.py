def transfer(sender, receiver, cents):
    if balances[sender] < cents:
        return "refused"
    balances[sender] -= cents
    balances[receiver] += cents
    return "done"
