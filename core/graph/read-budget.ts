import { ModelFormatError } from '../errors.ts';

/** Graphs of the largest models take some tens of MB besides their weights. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;
/** The largest graphs met in the field have some tens of thousands of nodes, weights and described values. */
const MAX_ITEMS = 400_000;
/** A forest of a thousand decision trees has some ten million thresholds, a field each; that takes a second. */
const MAX_FIELDS = 16_000_000;

/** What reading one model may take in memory and time, whatever the file claims. */
export class ReadBudget {
  #bytes = MAX_KEPT_BYTES;
  #items = MAX_ITEMS;
  #fields = MAX_FIELDS;

  /** Before `bytes` are read to be kept. Throws ModelFormatError when the model is too large; so do the others. */
  keep(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw tooLarge(`at most ${MAX_KEPT_BYTES} bytes without the weights`);
  }

  /** For each node, weight or value, also of inner graphs, and for each field that is looked up in the file. */
  item(): void {
    this.#items -= 1;
    if (this.#items < 0) throw tooLarge(`at most ${MAX_ITEMS} nodes, weights and values`);
  }

  /** For each field of a node that is held in memory; a name takes the time of several. */
  field(cost = 1): void {
    this.#fields -= cost;
    if (this.#fields < 0) throw tooLarge(`at most ${MAX_FIELDS} fields in nodes`);
  }
}

function tooLarge(expected: string): ModelFormatError {
  return new ModelFormatError('The model’s graph is too large to read.', {
    step: 'read the model',
    expected,
    actual: 'more',
  });
}
