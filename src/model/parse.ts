import type { z } from 'zod';
import { WorldError } from './world-error.js';

/** Parses at an edge. @throws BAD_INPUT naming each field that is wrong and why. */
export function parse<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.path.join('.');
    return path ? `${path}: ${issue.message}` : issue.message;
  });
  throw new WorldError('BAD_INPUT', `${what}: ${problems.join('; ')}`, { details: { problems } });
}
