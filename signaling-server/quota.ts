import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';

const MINUTE_S = 60;

/** So much in a minute for each address, or each room: counted here, or for all processes in their Redis. */
export class Quota {
  readonly #name: string;
  readonly #points: number;
  readonly #memory: RateLimiterMemory;
  #limiter: RateLimiterAbstract;

  constructor(name: string, points: number) {
    this.#name = name;
    this.#points = points;
    this.#memory = new RateLimiterMemory({ points, duration: MINUTE_S });
    this.#limiter = this.#memory;
  }

  /** `client` of the package @redis/client; what cannot be counted there is counted here. */
  share(client: unknown): void {
    this.#limiter = client
      ? new RateLimiterRedis({
          storeClient: client,
          useRedisPackage: true,
          // Apart from the keys of rooms, whose names may be what is counted for.
          keyPrefix: `potluck:1:limit:${this.#name}`,
          points: this.#points,
          duration: MINUTE_S,
          insuranceLimiter: this.#memory,
        })
      : this.#memory;
  }

  /** Counts once more; by how much that is too much, or 0. */
  async beyond(key: string): Promise<number> {
    const { consumedPoints } = await this.#limiter.consume(key).catch((rejected: unknown) => {
      // The library rejects with the state of the key. Anything else cannot come: memory does not fail.
      if (rejected instanceof Error) throw rejected;
      return rejected as { consumedPoints: number };
    });
    return Math.max(0, consumedPoints - this.#points);
  }
}
