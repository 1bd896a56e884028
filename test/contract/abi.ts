import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

import type { AbiEntry, AbiParameter } from './compile-contract.js';

/** A value as the coder takes and gives it: numbers as bigint, bytes and addresses as 0x and hex, tuples as lists. */
export type AbiValue = bigint | boolean | string | readonly AbiValue[];

const WORD = 32;

/** Keccak-256 of bytes given as 0x and hex. */
export function keccak(hex: string): string {
  return `0x${bytesToHex(keccak_256(hexToBytes(hex.slice(2))))}`;
}

/** The type as it stands in a signature: `tuple[]` is written out. */
export function typeText({ type, components }: AbiParameter): string {
  if (!type.startsWith('tuple')) return type;
  return `(${(components ?? []).map(typeText).join(',')})${type.slice('tuple'.length)}`;
}

/** `name(type,...)`. */
export function signatureOf({ name = '', inputs = [] }: AbiEntry): string {
  return `${name}(${inputs.map(typeText).join(',')})`;
}

/** Keccak-256 of the signature: the topic of an event, and its first four bytes select a function or an error. */
export function topicOf(entry: AbiEntry): string {
  return `0x${bytesToHex(keccak_256(new TextEncoder().encode(signatureOf(entry))))}`;
}

/** The first four bytes of the topic. */
export function selectorOf(entry: AbiEntry): string {
  return topicOf(entry).slice(0, 10);
}

/** Arguments as the contract reads them: hex without 0x. */
export function encode(parameters: readonly AbiParameter[], values: readonly AbiValue[]): string {
  if (parameters.length !== values.length) {
    throw new Error(`${parameters.length} arguments are needed, not ${values.length}`);
  }
  const parts = parameters.map((parameter, index) => ({
    dynamic: isDynamic(parameter),
    hex: encodeOne(parameter, values[index] ?? ''),
  }));
  let offset = parts.reduce((sum, { dynamic, hex }) => sum + (dynamic ? WORD : hex.length / 2), 0);
  let head = '';
  let tail = '';
  for (const { dynamic, hex } of parts) {
    if (!dynamic) {
      head += hex;
      continue;
    }
    head += word(BigInt(offset));
    tail += hex;
    offset += hex.length / 2;
  }
  return head + tail;
}

/** The reverse of `encode`. */
export function decode(parameters: readonly AbiParameter[], hex: string, base = 0): AbiValue[] {
  let place = base;
  return parameters.map((parameter) => {
    const dynamic = isDynamic(parameter);
    const at = dynamic ? base + Number(wordAt(hex, place)) : place;
    place += dynamic ? WORD : sizeOf(parameter);
    return decodeOne(parameter, hex, at);
  });
}

function encodeOne(parameter: AbiParameter, value: AbiValue): string {
  const { type, components = [] } = parameter;
  if (type.endsWith('[]')) {
    const items = list(value);
    return (
      word(BigInt(items.length)) +
      encode(
        items.map(() => itemOf(parameter)),
        items,
      )
    );
  }
  if (type === 'tuple') return encode(components, list(value));
  if (type === 'string') return bytesText(bytesToHex(new TextEncoder().encode(text(value))));
  if (type === 'bytes') return bytesText(text(value).slice(2));
  if (type === 'bool') return word(value === true ? 1n : 0n);
  if (type.startsWith('bytes')) return text(value).slice(2).padEnd(64, '0');
  if (type === 'address') return text(value).slice(2).padStart(64, '0');
  if (type.startsWith('uint') && typeof value === 'bigint') return word(value);
  throw new Error(`${typeof value} is no ${type}`);
}

function decodeOne(parameter: AbiParameter, hex: string, at: number): AbiValue {
  const { type, components = [] } = parameter;
  if (type.endsWith('[]')) {
    const count = Number(wordAt(hex, at));
    return decode(
      Array.from({ length: count }, () => itemOf(parameter)),
      hex,
      at + WORD,
    );
  }
  if (type === 'tuple') return decode(components, hex, at);
  if (type === 'string' || type === 'bytes') {
    const size = Number(wordAt(hex, at));
    const bytes = hex.slice((at + WORD) * 2, (at + WORD + size) * 2);
    return type === 'bytes' ? `0x${bytes}` : new TextDecoder().decode(hexToBytes(bytes));
  }
  if (type === 'bool') return wordAt(hex, at) === 1n;
  const raw = hex.slice(at * 2, (at + WORD) * 2);
  if (type.startsWith('bytes')) return `0x${raw.slice(0, Number(type.slice('bytes'.length)) * 2)}`;
  if (type === 'address') return `0x${raw.slice(24)}`;
  if (type.startsWith('uint')) return wordAt(hex, at);
  throw new Error(`${type} is not read here`);
}

function itemOf({ name, type, components }: AbiParameter): AbiParameter {
  const item = { name, type: type.slice(0, -'[]'.length) };
  return components === undefined ? item : { ...item, components };
}

function isDynamic({ type, components = [] }: AbiParameter): boolean {
  return type.endsWith('[]') || type === 'string' || type === 'bytes' || components.some(isDynamic);
}

function sizeOf({ type, components = [] }: AbiParameter): number {
  return type === 'tuple' ? components.reduce((sum, one) => sum + sizeOf(one), 0) : WORD;
}

function bytesText(hex: string): string {
  return word(BigInt(hex.length / 2)) + hex.padEnd(Math.ceil(hex.length / 64) * 64, '0');
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

function wordAt(hex: string, at: number): bigint {
  const found = hex.slice(at * 2, (at + WORD) * 2);
  if (found.length < WORD * 2) throw new Error(`the answer ends before byte ${at + WORD}`);
  return BigInt(`0x${found}`);
}

function text(value: AbiValue): string {
  if (typeof value === 'string') return value;
  throw new Error(`${typeof value} is no text`);
}

function list(value: AbiValue): readonly AbiValue[] {
  if (typeof value === 'object') return value;
  throw new Error(`${typeof value} is no list`);
}
