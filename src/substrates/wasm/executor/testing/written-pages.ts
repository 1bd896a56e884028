import { loadWrittenPages, WrittenPages, type WrittenPagesAddon } from '../written-pages.js';

/** The addon where the kernel keeps a record, else null: then tests of it are skipped, or fail where it must be there. */
export function usableAddon(): WrittenPagesAddon | null {
  const addon = loadWrittenPages();
  const memory = new WebAssembly.Memory({ initial: 1 });
  if (addon !== null && WrittenPages.begin(() => memory.buffer, addon) !== null) return addon;
  if (process.env['REQUIRE_WRITTEN_PAGES'] === '1') {
    throw new Error(
      'REQUIRE_WRITTEN_PAGES=1, and there is no record: no compiler at install, or Linux older than 6.7',
    );
  }
  return null;
}

export const NO_RECORD = 'the kernel keeps no record of written pages, or its addon was not compiled';
