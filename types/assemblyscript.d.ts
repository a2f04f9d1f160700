/**
 * What AssemblyScript has built in, for the few files that TypeScript reads too: the constants of `src/wasm/layout.ts`
 * and its like. On this side every number is a number, and the functions over memory are only declared.
 */
declare type i8 = number;
declare type u8 = number;
declare type i16 = number;
declare type u16 = number;
declare type i32 = number;
declare type u32 = number;
declare type i64 = number;
declare type u64 = number;
declare type isize = number;
declare type usize = number;
declare type f32 = number;
declare type f64 = number;
declare type bool = boolean;

declare function load<T>(pointer: usize, offset?: usize): T;
declare function store<T>(pointer: usize, value: T, offset?: usize): void;
