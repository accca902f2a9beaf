/** The three values that stand for a float one; see {@link FreeNames.quantized}. */
export interface Quantized {
  readonly values: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

/** Names for new values of a graph, each given once. */
export class FreeNames {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** The name itself, or with the first number that is free where another value has it. */
  take(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count++) name = `${wanted}_${count}`;
    this.#taken.add(name);
    return name;
  }

  /** Names as ONNX Runtime gives them to what stands for `value`. */
  quantized(value: string): Quantized {
    return {
      values: this.take(`${value}_quantized`),
      scale: this.take(`${value}_scale`),
      zeroPoint: this.take(`${value}_zero_point`),
    };
  }
}
