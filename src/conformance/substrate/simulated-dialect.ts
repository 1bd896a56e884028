import type { Dialect } from './dialect.js';

/** The statement language of the simulated substrate, one statement a line. */
export const simulatedDialect: Dialect = {
  language: 'simulated',
  set: (name, value) => `set ${name} ${value}`,
  get: (name) => `get ${name}`,
  print: (text) => `print ${text}`,
  printError: (text) => `warn ${text}`,
  flood: (text, times) => `repeat ${times} print ${text}`,
  writeFile: (path, text) => `write ${path} ${text}`,
  readFile: (path) => `read ${path}`,
  systemDirectory: '/system',
  literal: (text) => `'${text}'`,
  fail: (message) => `fail ${message}`,
  syntaxError: 'syntax error',
  hang: 'hang',
  report: (cost, value) => `report cost ${cost} value ${value}`,
  transfer: (to, token, amount) => `transfer ${to} ${token} ${amount}`,
  balance: (token) => `balance ${token}`,
  now: 'now',
  sleep: (ms) => `sleep ${ms}`,
  whoAmI: 'whoami',
  countIdentities: (name) => `set ${name} 0\non-branch add ${name} 1`,
  entropy: { random: 'random' },
  streams: ['random'],
  worldRandom: 'random',
  join: (...snippets) => snippets.join('\n'),
};
