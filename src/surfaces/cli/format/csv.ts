/**
 * Rows as CSV (RFC 4180): lines end in CRLF; a cell with a comma, a quote or a line break is quoted, and quotes in it are doubled.
 * A cell that a spreadsheet would take for a formula stays what it is: programs read this too.
 */
export function csv(
  columns: readonly string[],
  rows: readonly (readonly (string | number | boolean | null)[])[],
): string {
  const cell = (value: string | number | boolean | null): string => {
    const text = value === null ? '' : String(value);
    // An empty text is quoted, so that it is told from nothing.
    if (value === '' || /[",\r\n]/.test(text)) return `"${text.replace(/"/g, '""')}"`;
    return text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
