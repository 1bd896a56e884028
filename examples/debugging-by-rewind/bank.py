"""A bank: accounts, and the vault with the money that was paid in. All of it lives in this world's memory.

One line of it is wrong, and a whole month goes by before anybody notices.
"""

balances = {}  # account -> cents
phones = {}  # telephone number -> account
vault = 0


def open_account(name, phone, cents):
    balances[name] = 0
    phones[phone] = name
    return deposit(name, cents)


def deposit(name, cents):
    global vault
    balances[name] += cents
    vault += cents
    return "done"


def withdraw(name, cents):
    global vault
    if balances[name] < cents:
        return "refused"
    balances[name] -= cents
    vault -= cents
    return "done"


def transfer(sender, receiver, cents):
    left, received = balances[sender] - cents, balances[receiver] + cents
    if left < 0:
        return "refused"
    balances[sender] = left
    balances[receiver] = received
    return "done"


def transfer_by_phone(sender, phone, cents):
    return transfer(sender, phones[phone], cents)
