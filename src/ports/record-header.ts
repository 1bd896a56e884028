import { z } from 'zod';

/** What every record of the journal has: its time, ISO 8601 with microseconds. */
export const header = { at: z.iso.datetime({ precision: 6 }) };
