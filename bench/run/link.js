/**
 * What two sides of a measurement say to each other: words with data, kept until somebody listens. The process that started them carries
 * them over.
 */
export class Link {
  #process;
  #said = new Map();
  #waiting = new Map();

  constructor(process) {
    this.#process = process;
    process.on('message', ({ word, data }) => {
      const heard = this.#waiting.get(word);
      if (heard === undefined) this.#said.set(word, data);
      else heard(data);
      this.#waiting.delete(word);
    });
  }

  tell(word, data) {
    return this.#send({ word, data });
  }

  answer(reply) {
    return this.#send(reply);
  }

  heard(word) {
    if (this.#said.has(word)) return Promise.resolve(this.#said.get(word));
    return new Promise((resolve) => this.#waiting.set(word, resolve));
  }

  #send(message) {
    return new Promise((resolve, reject) =>
      this.#process.send(message, (error) => (error ? reject(error) : resolve())),
    );
  }
}

/** Milliseconds that both sides understand. */
export const sharedTime = () => performance.timeOrigin + performance.now();
