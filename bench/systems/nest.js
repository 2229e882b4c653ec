/**
 * Nest's microservices on its Redis transport: calls at most once, nothing stored. Decorators are called as the functions that they are.
 */
import 'reflect-metadata';
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { inputOf, outputOf } from '../run/tally.js';
import { connectionOf } from './address.js';

class EchoController {
  double({ n }) {
    return outputOf(n);
  }
}
const pattern = 'double';
const at = Object.getOwnPropertyDescriptor(EchoController.prototype, 'double');
MessagePattern(pattern)(EchoController.prototype, 'double', at);
Controller()(EchoController);

class EchoModule {}
Module({ controllers: [EchoController] })(EchoModule);

Logger.overrideLogger(['error']);

const optionsOf = (url) => ({ transport: Transport.REDIS, options: connectionOf(url) });

export async function serveCalls({ url }) {
  const app = await NestFactory.createMicroservice(EchoModule, { ...optionsOf(url), logger: ['error'] });
  await app.listen();
  return { close: () => app.close() };
}

export async function openCalls({ url }) {
  const client = ClientProxyFactory.create(optionsOf(url));
  await client.connect();
  return { call: (n) => firstValueFrom(client.send(pattern, inputOf(n))), close: () => client.close() };
}
