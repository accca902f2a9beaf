import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocksOf } from '../../core/graph/blocks.ts';
import { statesWithin, withoutStates } from '../../core/graph/kept-states.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import type { BoundaryTensor } from '../../core/graph/shard.types.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { compare } from './compare.ts';
import { openModelFile, wholeModel } from './model-file.ts';
import { evenBoundaries } from './parts.ts';
import { ChainRunner, runWhole } from './runs.ts';
import { shardsAt } from './try-cuts.ts';

const SHARED = new URL('../../../shared/models/', import.meta.url);
const DIMS = { seq_len: 3, sequence_length: 3, past_seq_len: 0, total_seq_len: 3, total_sequence_length: 3 };
const NEXT = { ...DIMS, seq_len: 1, sequence_length: 1, total_seq_len: 4, total_sequence_length: 4 };

type Values = Map<string, Tensor>;
const copy = (tensor: Tensor): Tensor => ({ ...tensor, data: tensor.data.slice() });
const named = (values: readonly BoundaryTensor[], tensors: readonly Tensor[]): Values =>
  new Map(values.flatMap(({ name }, index) => (tensors[index] ? [[name, tensors[index]]] : [])));

describe.skipIf(!existsSync(SHARED))(
  'stages that keep their states (skipped where ../shared is missing)',
  () => {
    it.each([
      ['stories260k/model.onnx', 3],
      ['decoders/gqa-fp16-2layer.onnx', 2],
      ['decoders/gpt2-fused-past.onnx', 4],
    ])('%s in %d parts gives over two runs what the whole gives', async (path, parts) => {
      const file = await openModelFile(new URL(path, SHARED).pathname);
      const { graph } = file;
      const blocks = blocksOf(graph);
      const boundaries = evenBoundaries(blocks, parts);
      const shards = shardsAt(file, blocks, boundaries);
      const runner = await ChainRunner.open(file);
      const kept = new Map<string, Tensor>();

      const chain = async (inputs: Values): Promise<Values> => {
        let travelling = inputs;
        for (const shard of shards) {
          const states = statesWithin(blocks.states, shard.start, shard.end);
          const received = withoutStates(shard.receives, blocks.states);
          const feeds = shard.inputs.map(({ name }) => {
            const own = states.some(({ input }) => input === name);
            const tensor = own ? kept.get(name) : travelling.get(name);
            if (!tensor || (!own && !received.some((each) => each.name === name)))
              throw new Error(`no ${name}`);
            return copy(tensor);
          });
          const alone = { ...shard, receives: shard.inputs, sends: shard.outputs };
          const made = named(shard.outputs, (await runner.run([alone], feeds)).outputs);
          for (const { input, output } of states) kept.set(input, made.get(output) ?? fail(output));
          const sent = withoutStates(shard.sends, blocks.states).map(({ name }): [string, Tensor] => [
            name,
            made.get(name) ?? travelling.get(name) ?? fail(name),
          ]);
          travelling = new Map(sent);
        }
        return travelling;
      };

      const model = await wholeModel(file);
      const first = sampleInputs(graph.inputs, DIMS, 1);
      const whole = named(graph.outputs, await runWhole(model, graph, first));
      for (const { input } of blocks.states)
        kept.set(input, named(graph.inputs, first).get(input) ?? fail(input));
      const ours = await chain(named(graph.inputs, first));
      const logits = (values: Values): Tensor[] => [values.get('logits') ?? fail('logits')];
      expect(compare(logits(whole), logits(ours))).toMatchObject({ equal: true });

      const fresh = named(graph.inputs, sampleInputs(graph.inputs, NEXT, 2));
      const round = new Map(
        blocks.states.map(({ input, output }) => [input, whole.get(output) ?? fail(output)]),
      );
      expect(round.size).toBe(graph.outputs.length - 1);
      const second = graph.inputs.map(({ name }) => round.get(name) ?? fresh.get(name) ?? fail(name));
      const wholeNext = named(graph.outputs, await runWhole(model, graph, second));
      expect(compare(logits(wholeNext), logits(await chain(fresh)))).toMatchObject({ equal: true });
    });
  },
);

function fail(name: string): never {
  throw new Error(`no value for ${name}`);
}
