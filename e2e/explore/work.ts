import { createHash } from 'node:crypto';
import { decoderIo } from '../../core/language/decoder-io.ts';
import { Conversation } from '../../core/runtime/conversation.ts';
import type { OpenModel } from '../../core/runtime/open-model.ts';
import { fromFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { modelOf } from '../../worker/room-under-test.ts';
import './memory-blob.ts';
import { toyDecoder, toyStream, WIDTH } from './toy-models.ts';
import type { Device } from './world.ts';

/** What one device asks of a room, in rounds that go on where the last one ended. */
export interface Work {
  readonly model: OpenModel;
  /** Answers of all rounds go, in order, to `answers`. */
  begin(asker: Device, answers: string[]): Rounds;
}

interface Rounds {
  /** Asks for something, and gets it. */
  next(): Promise<void>;
  /** Nothing more will be asked: the room may forget what it keeps for this. */
  end(): void;
}

const ITEMS = 10;
const IN_FLIGHT = 3;
const TOKENS = 10;
const PROMPT = [5, 17, 3, 40, 22];
/** What is said between two answers. */
const FURTHER = [9, 30];

const item = (seed: number): Tensor =>
  fromFloat32(
    [1, WIDTH],
    Float32Array.from({ length: WIDTH }, (_, at) => Math.fround(Math.cos(seed + at))),
  );

const STREAM: OpenModel = { ...(await modelOf('Stream', toyStream())), sample: () => [item(0)] };
const DECODER: OpenModel = await modelOf('Decoder', toyDecoder());

/** Items of a stream, some at the same time. */
export const stream: Work = {
  model: STREAM,
  begin: ({ member }, answers) => {
    let [next, end] = [0, 0];
    const lane = async (): Promise<void> => {
      for (let at = next++; at < end; at = next++) {
        const { tensors } = await member.asker.ask([item(at)]);
        const [out] = tensors;
        const text = out ? createHash('sha256').update(out.data).digest('base64') : '';
        if (answers[at] !== undefined) throw new Error(`item ${at} was answered twice`);
        answers[at] = text;
      }
    };
    const round = async (): Promise<void> => {
      next = end;
      end += ITEMS;
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    };
    return { next: round, end: () => undefined };
  },
};

/** A talk, of which each round is one turn. */
export const generation: Work = {
  model: DECODER,
  begin: ({ member, clock }, answers) => {
    const io = decoderIo(DECODER.card);
    if (!io) throw new Error('the toy decoder is none');
    const texts = new Set<Conversation>();
    const writer = { asker: member.asker, clock, io, contextTokens: 64, invariant: true, texts };
    const conversation = new Conversation(writer);
    const text: number[] = [];
    const sampling = { temperature: 0.7, topK: 0, topP: 1, repetitionPenalty: 1, seed: 11 };
    const options = { sampling, maxNewTokens: TOKENS, stopTokens: new Set<number>() };
    const round = async (): Promise<void> => {
      text.push(...(text.length === 0 ? PROMPT : FURTHER));
      const done = await member.turns.take(() => undefined);
      for await (const token of conversation.write(text, options)) {
        text.push(token);
        answers.push(String(token));
      }
      done();
    };
    return { next: round, end: () => conversation.end() };
  },
};
