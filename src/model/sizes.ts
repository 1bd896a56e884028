/** Sizes that are needed without any schema: by the command line before it knows what it has to load. */

/** Bytes in a mebibyte. */
export const MIB = 1024 * 1024;

/** Longest code one execution accepts, bytes of UTF-8. Longer: `CODE_TOO_LARGE`. */
export const CODE_BYTES_MAX = 16 * MIB;
