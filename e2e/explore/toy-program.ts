import { memorySource } from '../../core/graph/byte-source.ts';
import { modelGraph } from '../../core/graph/model-graph.ts';
import { readModel } from '../../core/graph/onnx-model.ts';

export type Weights = ReadonlyMap<string, Float32Array>;

export interface Program {
  readonly nodes: readonly {
    readonly opType: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  }[];
  readonly weights: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
}

/** Graphs are read once for all devices and schedules. */
const programs = new Map<string, Promise<Program>>();

export async function programOf(bytes: Uint8Array<ArrayBuffer>): Promise<Program> {
  const key = Buffer.from(bytes).toString('latin1');
  const known = programs.get(key) ?? read(bytes.slice());
  programs.set(key, known);
  return known;
}

async function read(bytes: Uint8Array<ArrayBuffer>): Promise<Program> {
  const file = await readModel(memorySource(bytes));
  const weights = file.initializers.flatMap(({ name, body }) =>
    body ? [{ name, offset: body.offset, length: body.length }] : [],
  );
  return { nodes: modelGraph(file).nodes, weights };
}
