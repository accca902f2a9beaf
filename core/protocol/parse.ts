import * as v from 'valibot';
import { ProtocolError } from '../errors.ts';
import type { ControlMessage } from './messages.ts';
import {
  amount,
  count,
  epoch,
  hash,
  LINE,
  listOf,
  MAX_DEVICES,
  name,
  PARAGRAPH,
  peer,
  prose,
  request,
  type SchemaOf,
  share,
  stageIndex,
  u32,
} from './parse-basics.ts';
import { card, load, mode, progress } from './parse-device.ts';
import { filePiece, model, pieceBytes } from './parse-model.ts';
import { link, plan, rules, setAside, spread } from './parse-plan.ts';
import {
  heldPiece,
  loadStage,
  MAX_AT_ONCE,
  MAX_PARTS,
  MAX_PIECES,
  pieceId,
  toldPiece,
  wantedPiece,
} from './parse-stage.ts';
import { tracePart } from './parse-trace.ts';

/** See `runtime/term.ts`. */
const term: SchemaOf<number> = v.pipe(count, v.maxValue(2 ** 39 - 1));
const complaint = { epoch, step: prose(LINE), message: prose(PARAGRAPH) };

/** One schema for each type of message: the compiler asks for a new one when the union grows. */
const SCHEMAS: { readonly [T in ControlMessage['type']]: SchemaOf<Extract<ControlMessage, { type: T }>> } = {
  card: v.object({ type: v.literal('card'), card }),
  load: v.object({ type: v.literal('load'), load }),
  links: v.object({ type: v.literal('links'), links: listOf(link, MAX_DEVICES) }),
  model: v.object({ type: v.literal('model'), model: v.nullable(model) }),
  room: v.object({
    type: v.literal('room'),
    mode,
    rules,
    plan: v.nullable(plan),
    preparing: v.nullable(progress),
    seats: listOf(v.object({ peer, colour: count }), MAX_DEVICES),
    setAside: v.exactOptional(listOf(setAside, MAX_DEVICES)),
  }),
  'load-stage': loadStage,
  'measure-parts': v.object({
    type: v.literal('measure-parts'),
    model: name,
    fresh: v.boolean(),
    parts: listOf(loadStage, MAX_PARTS),
  }),
  'parts-measured': v.object({
    type: v.literal('parts-measured'),
    model: name,
    ms: listOf(v.nullable(amount), MAX_PARTS),
    perItemMs: amount,
    spread,
  }),
  'want-pieces': v.object({ type: v.literal('want-pieces'), pieces: listOf(wantedPiece, MAX_AT_ONCE) }),
  'piece-refused': v.object({ type: v.literal('piece-refused'), ticket: u32, reason: prose(LINE) }),
  'pieces-sought': v.object({
    type: v.literal('pieces-sought'),
    model: name,
    pieces: listOf(heldPiece, MAX_PIECES),
  }),
  'pieces-held': v.object({
    type: v.literal('pieces-held'),
    model: name,
    pieces: listOf(heldPiece, MAX_PIECES),
  }),
  'pieces-told': v.object({
    type: v.literal('pieces-told'),
    model: name,
    pieces: listOf(toldPiece, MAX_PIECES),
  }),
  'piece-corrupt': v.object({ type: v.literal('piece-corrupt'), model: name, id: pieceId, from: peer }),
  'stage-progress': v.object({ type: v.literal('stage-progress'), epoch, progress: v.nullable(progress) }),
  'stage-ready': v.object({ type: v.literal('stage-ready'), epoch, stage: stageIndex }),
  'stage-failed': v.object({ type: v.literal('stage-failed'), stage: stageIndex, ...complaint }),
  'request-failed': v.object({ type: v.literal('request-failed'), request, ...complaint }),
  'hop-broken': v.object({ type: v.literal('hop-broken'), epoch }),
  'end-sequence': v.object({ type: v.literal('end-sequence'), sequence: u32 }),
  'want-turn': v.object({ type: v.literal('want-turn'), ticket: u32, held: v.boolean() }),
  turn: v.object({ type: v.literal('turn'), ticket: u32, place: v.nullable(count) }),
  'end-turn': v.object({ type: v.literal('end-turn'), ticket: u32 }),
  legacy: v.object({
    type: v.literal('legacy'),
    key: name,
    label: prose(LINE),
    pieces: listOf(filePiece, 64),
  }),
  'spare-pieces': v.object({
    type: v.literal('spare-pieces'),
    model: name,
    label: prose(LINE),
    pieces: listOf(
      v.object({ id: pieceId, hash, length: pieceBytes, holders: listOf(peer, MAX_DEVICES) }),
      MAX_PIECES,
    ),
  }),
  'audit-terms': v.object({
    type: v.literal('audit-terms'),
    epoch,
    stages: count,
    rate: share,
    own: u32,
    secrets: listOf(v.object({ peer, secret: u32 }), MAX_DEVICES),
  }),
  recompute: v.object({
    type: v.literal('recompute'),
    ticket: u32,
    prepack: v.nullable(v.boolean()),
    terms: loadStage,
  }),
  'recompute-refused': v.object({ type: v.literal('recompute-refused'), ticket: u32, reason: prose(LINE) }),
  office: v.object({
    type: v.literal('office'),
    term,
    leader: v.nullable(peer),
    followers: count,
  }),
  'leader-missed': v.object({ type: v.literal('leader-missed'), term, leader: peer }),
  'leader-seen': v.object({ type: v.literal('leader-seen'), term, seen: v.boolean() }),
  'trace-wanted': v.object({ type: v.literal('trace-wanted'), ticket: u32 }),
  'trace-part': tracePart,
  goodbye: v.object({ type: v.literal('goodbye'), reason: prose(LINE) }),
};

/** The largest control message, as for the link: a model card with thousands of labels. */
const MAX_TEXT = 1024 * 1024;

/**
 * The only door for control messages.
 * @throws ProtocolError with the path that is wrong, what was expected there and what was found.
 */
export function parseControl(text: string): ControlMessage {
  if (text.length > MAX_TEXT) throw refused(`at most ${MAX_TEXT} characters`, `${text.length}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused('JSON', `"${text.slice(0, 40)}"`, cause);
  }
  const head = v.safeParse(v.object({ type: v.string() }), value);
  if (!head.success) throw refused('an object with a type', head.issues[0].message);
  const { type } = head.output;
  if (!isControlType(type)) {
    throw refused(`a type of ${Object.keys(SCHEMAS).join(', ')}`, `"${type.slice(0, 40)}"`);
  }
  const result = v.safeParse<SchemaOf<ControlMessage>>(SCHEMAS[type], value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? '';
  throw refused(
    `${type}.${path}: ${issue.expected ?? issue.message}`.slice(0, LINE),
    issue.received.slice(0, LINE),
  );
}

function isControlType(type: string): type is ControlMessage['type'] {
  return Object.hasOwn(SCHEMAS, type);
}

function refused(expected: string, actual: string, cause?: unknown): ProtocolError {
  return new ProtocolError(
    `A control message is malformed: expected ${expected}, got ${actual}.`,
    { step: 'read a control message', expected, actual },
    { cause },
  );
}
