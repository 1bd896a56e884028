import { single } from './attack.js';
import { DEVICE } from './frames.js';

const ask = (request: string) => `${DEVICE}send(json.dumps(${request}).encode())`;

/** The attacker's world holds 5 GOLD, its sibling 1000. */
export const EFFECTS = single('forged effects', [
  ['more than it holds', 'InsufficientBalance', 'import world\nworld.transfer("thief", "GOLD", 6)'],
  [
    'more than it holds, past the module',
    'ok',
    ask('{"op": "transfer", "to": "thief", "token": "GOLD", "amount": "6"}'),
  ],
  [
    'twice what it holds',
    'ok',
    `${DEVICE}for _ in range(9): send(json.dumps({"op": "transfer", "to": "thief", "token": "GOLD", "amount": "5"}).encode())\n1 / 0`.replace(
      '\n1 / 0',
      '',
    ),
    { effects: 1 },
  ],
  [
    'a negative amount',
    'ok',
    ask('{"op": "transfer", "to": "{{sibling}}", "token": "GOLD", "amount": "-1000"}'),
  ],
  [
    'an amount with an exponent',
    'ok',
    ask('{"op": "transfer", "to": "thief", "token": "GOLD", "amount": "1e9"}'),
  ],
  [
    'an amount that is a number',
    'ok',
    ask('{"op": "transfer", "to": "thief", "token": "GOLD", "amount": 1}'),
  ],
  [
    'an amount with spaces',
    'ok',
    ask('{"op": "transfer", "to": "thief", "token": "GOLD", "amount": " 1\\n"}'),
  ],
  [
    'from the sibling',
    'ok',
    ask(
      '{"op": "transfer", "from": "{{sibling}}", "by": "{{sibling}}", "to": "thief", "token": "GOLD", "amount": "900"}',
    ),
  ],
  [
    'another verse',
    'ok',
    ask('{"op": "transfer", "verse": "nash", "to": "thief", "token": "GOLD", "amount": "900"}'),
  ],
  [
    'a token it does not hold',
    'ok',
    ask('{"op": "transfer", "to": "thief", "token": "SILVER", "amount": "1"}'),
  ],
  ['no receiver', 'ok', ask('{"op": "transfer", "to": "", "token": "GOLD", "amount": "1"}')],
  ['a kind of its own', 'ok', ask('{"op": "deposit", "kind": "deposit", "token": "GOLD", "amount": "1000"}')],
  ['mint', 'ok', ask('{"op": "mint", "token": "GOLD", "amount": "1000"}')],
  [
    'the balance of the sibling',
    'ok',
    `${DEVICE}json.loads(send(json.dumps({"op": "balance", "token": "GOLD", "world": "{{sibling}}"}).encode())[4:])["ok"]`,
    { value: "'5'" },
  ],
  [
    'a report for the sibling',
    'ok',
    ask('{"op": "report", "world": "{{sibling}}", "worldId": "{{sibling}}", "cost": "0"}'),
    { effects: 1 },
  ],
  ['a negative cost', 'ok', ask('{"op": "report", "cost": "-1"}')],
  ['a cost divided by zero', 'BAD_NUMBER', ask('{"op": "report", "cost": "1/0"}')],
  ['a cost of a million digits', 'BAD_NUMBER', ask('{"op": "report", "cost": "9" * 1000000}')],
  ['a value that is no number', 'ok', ask('{"op": "report", "value": "nan"}')],
  [
    'effects, then an exception',
    'ZeroDivisionError',
    'import world\nworld.report(cost=1)\nworld.transfer("thief", "GOLD", 5)\n1 / 0',
  ],
  [
    'effects, then an engine fault',
    'ENGINE_FAULT',
    'import os, world\nworld.transfer("thief", "GOLD", 5)\nos.abort()',
  ],
  [
    'effects, then a time-out',
    'EXECUTION_TIMEOUT',
    'import world\nworld.transfer("thief", "GOLD", 5)\nwhile True: pass',
    { timeoutMs: 300 },
  ],
  [
    'effects in a finaliser',
    'ZeroDivisionError',
    'import world\nclass D:\n    def __del__(self): world.transfer("thief", "GOLD", 5)\nd = D()\n1 / 0',
  ],
  [
    'effects from a hook at exit',
    'ok',
    'import atexit, world\natexit.register(lambda: world.transfer("thief", "GOLD", 5))',
  ],
  [
    'another identity, then a transfer',
    'ZeroDivisionError',
    'import world\nworld._identity["id"] = "{{sibling}}"\nworld.transfer("thief", "GOLD", 5)\n1 / 0',
  ],
  [
    'a hundred thousand large effects',
    'ZeroDivisionError',
    `${DEVICE}body = json.dumps({"op": "report", "cost": "9" * 9000}).encode()
frame = len(body).to_bytes(4, "little") + body
fd = os.open("/dev/world", os.O_RDWR)
for n in range(4000):
    os.write(fd, frame)
    if b"too large" in os.read(fd, 200): break
n < 1500 or 1 / 0
1 / 0`,
  ],
  [
    'the answer of another request',
    'ok',
    `${DEVICE}a = os.open("/dev/world", os.O_RDWR)
os.write(a, b'\\x0f\\0\\0\\0{"op":"tokens"}')
b = os.open("/dev/world", os.O_RDWR)
os.read(a, 100)[4:]`,
    { value: `b'{"ok":["GOLD"]}'` },
  ],
]);
