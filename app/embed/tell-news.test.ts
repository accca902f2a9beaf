import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PeerId, RoomId } from '../../core/ids.ts';
import { initialState, reduce } from '../../core/session/reduce.ts';
import type { News } from './channel.ts';
import { RoomRecord } from './module/room-record.ts';
import { tellNews } from './tell-news.ts';

const ME = 'a'.repeat(16) as PeerId;
const LINK = 'https://potluck.example/r/maple-otter-42#secret';

describe('news of a room', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function room() {
    const state = signal(initialState(ME));
    const emit = (event: Parameters<typeof reduce>[1]): void => {
      state.value = reduce(state.value, event);
    };
    emit({ type: 'RoomChosen', room: 'maple-otter-42' as RoomId, link: LINK, me: ME });
    const told: News[] = [];
    const record = new RoomRecord();
    const rest = tellNews(state, (news) => {
      told.push(structuredClone(news));
      record.take(news);
    });
    return { emit, told, record, rest };
  }

  it('are what changed and nothing else', () => {
    const { emit, told } = room();
    expect(told).toMatchObject([{ state: { me: ME, phase: 'opening' }, devices: [] }]);
    vi.advanceTimersByTime(200);
    emit({ type: 'ServerChanged', server: 'open', at: 5 });
    expect(Object.keys(told[1] ?? {})).not.toContain('devices');
    expect(told[1]).toMatchObject({ state: { server: 'open' } });
    vi.advanceTimersByTime(200);
    emit({ type: 'RequestAsked', id: 1, label: 'x', at: 6 });
    vi.advanceTimersByTime(200);
    expect(told).toHaveLength(2);
  });

  it('come ten times a second at most, the last always', () => {
    const { emit, told, record } = room();
    for (let n = 1; n <= 50; n++) {
      vi.advanceTimersByTime(10);
      emit({ type: 'PreparationChanged', preparing: { step: `${n}`, fraction: null } });
    }
    expect(told.length).toBeLessThanOrEqual(7);
    vi.advanceTimersByTime(200);
    expect(record.state.preparing?.step).toBe('50');
  });

  it('have each line of the log once, oldest first', () => {
    const { emit, record, rest } = room();
    const heard: string[] = [];
    record.on('log', ({ text }) => heard.push(text));
    for (const message of ['one', 'two', 'three']) {
      emit({ type: 'NoticeRaised', tone: 'warn', message, at: 1 });
    }
    rest();
    rest();
    expect(heard).toHaveLength(3);
    expect(record.log.map(({ id }) => id)).toEqual([...record.log].map(({ id }) => id).sort((a, b) => a - b));
  });

  it('never hold the link with its secret', () => {
    const { emit, told, rest } = room();
    emit({ type: 'RoomEntered', leader: ME, at: 1 });
    rest();
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('reach every listener, whatever another one throws', () => {
    const { record } = room();
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const heard = vi.fn();
    record.on('plan', () => {
      throw new Error('a mistake of the site');
    });
    const off = record.on('plan', heard);
    record.take({ plan: null });
    off();
    record.take({ plan: null });
    vi.unstubAllGlobals();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(report).toHaveBeenCalledTimes(2);
  });
});
