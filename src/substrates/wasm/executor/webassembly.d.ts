/** The part of the WebAssembly API that we use; TypeScript keeps it in its DOM library only. */
declare namespace WebAssembly {
  interface ValueTypeMap {
    i32: number;
  }
  class Global<T extends keyof ValueTypeMap = keyof ValueTypeMap> {
    value: ValueTypeMap[T];
  }
  class Memory {
    constructor(pages: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  interface Table {
    readonly length: number;
  }
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module' | string;
  }
  const Module: {
    imports(module: Module): { readonly module: string; readonly name: string; readonly kind: string }[];
  };
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  function compile(binary: Uint8Array<ArrayBuffer>): Promise<Module>;
  let instantiate: (source: unknown, imports?: Imports) => Promise<unknown>;
}
