<?php
/**
 * An agent of the classic protocol in PHP (Predis), as PHP agents in the field speak it: for the tests, which hold the fleet against a
 * real client. What it writes is what wire-vectors.json says; commands that Predis 1.1 does not know go out raw.
 */
class ClassicAgent
{
    private string $id;
    private array $server;
    private Predis\Client $redis;

    public function __construct(string $id, string $host, int $port)
    {
        $this->id = $id;
        $this->server = ['host' => $host, 'port' => $port];
        $this->redis = new Predis\Client($this->server + ['read_write_timeout' => -1]);
    }

    public function broadcast(string $message, array $metadata = []): void
    {
        $event = ['agent' => $this->id, 'timestamp' => date('c'), 'message' => $message, 'metadata' => $metadata];
        $this->redis->publish('broadcast:agents', json_encode($event));
        $this->redis->executeRaw([
            'XADD', 'events:stream', '*', 'agent', $this->id, 'type', 'broadcast', 'message', $message,
            'metadata', json_encode($metadata), 'timestamp', $event['timestamp'],
        ]);
    }

    /** The events of the stream from an id on, each with the five fields that PHP agents expect. */
    public function getEvents(string $since = '0', int $count = 100): array
    {
        $events = [];
        foreach ($this->redis->executeRaw(['XRANGE', 'events:stream', $since, '+', 'COUNT', (string) $count]) as [$id, $flat]) {
            $fields = [];
            for ($i = 0; $i + 1 < count($flat); $i += 2) $fields[$flat[$i]] = $flat[$i + 1];
            $events[] = [
                'id' => $id,
                'agent' => $fields['agent'],
                'type' => $fields['type'],
                'message' => $fields['message'],
                'metadata' => json_decode($fields['metadata'], true),
                'timestamp' => $fields['timestamp'],
            ];
        }
        return $events;
    }

    public function enqueueTask(string $task, string $assignee, array $metadata = []): array
    {
        $entry = [
            'taskId' => uniqid('task_'), 'creator' => $this->id, 'assignee' => $assignee, 'task' => $task,
            'metadata' => $metadata, 'createdAt' => date('c'), 'status' => 'pending',
        ];
        $this->redis->lpush('task:queue', [json_encode($entry)]);
        $this->broadcast("Task enqueued: $task for $assignee", ['taskId' => $entry['taskId']]);
        return $entry;
    }

    public function getNextTask(int $timeout = 1): ?array
    {
        $popped = $this->redis->brpop(['task:queue'], $timeout);
        return $popped === null ? null : json_decode($popped[1], true);
    }

    public function completeTask(string $taskId, $result, array $metadata = []): array
    {
        $completion = [
            'taskId' => $taskId, 'completedBy' => $this->id, 'result' => $result, 'metadata' => $metadata,
            'completedAt' => date('c'), 'status' => 'completed',
        ];
        $this->redis->lpush('task:completed', [json_encode($completion)]);
        $this->broadcast("Task completed: $taskId", $completion);
        return $completion;
    }

    public function failTask(string $taskId, string $error): void
    {
        $this->broadcast("Task failed: $taskId", ['taskId' => $taskId, 'error' => $error]);
    }

    /** Takes tasks and completes them with their metadata until none has come for $idle seconds; what is not its own it completes too. */
    public function work(int $idle = 1, int $most = PHP_INT_MAX): int
    {
        for ($done = 0; $done < $most && ($task = $this->getNextTask($idle)) !== null; $done++) {
            $this->completeTask($task['taskId'], ['by' => $this->id, 'task' => $task['task'], 'metadata' => $task['metadata']]);
        }
        return $done;
    }

    public function completions(): array
    {
        return array_map(fn ($text) => json_decode($text, true), $this->redis->lrange('task:completed', 0, -1));
    }

    public function sendMessage(string $to, string $message, array $metadata = []): array
    {
        $mail = ['from' => $this->id, 'to' => $to, 'message' => $message, 'metadata' => $metadata, 'timestamp' => date('c')];
        $this->redis->publish("msg:{$this->id}:$to", json_encode($mail));
        return $mail;
    }

    /** What one channel brings until $count messages have come or none does for $timeout seconds. */
    private function listen(string $channel, int $count, float $timeout): array
    {
        $link = new Predis\Client($this->server + ['read_write_timeout' => $timeout]);
        $loop = $link->pubSubLoop(['subscribe' => $channel]);
        $heard = [];
        try {
            foreach ($loop as $message) {
                if ($message->kind === 'subscribe') $this->tell('listening');
                if ($message->kind === 'message') $heard[] = json_decode($message->payload, true);
                if (count($heard) >= $count) break;
            }
        } catch (Predis\Connection\ConnectionException $silence) {
        }
        $link->disconnect();
        return $heard;
    }

    /** A line for whoever drives this process, in the middle of a call. */
    private function tell(string $word): void
    {
        echo json_encode(['word' => $word]), "\n";
    }

    public function listenBroadcast(int $count = 1, float $timeout = 2): array
    {
        return $this->listen('broadcast:agents', $count, $timeout);
    }

    public function listenMessages(string $from, int $count = 1, float $timeout = 2): array
    {
        return $this->listen("msg:$from:{$this->id}", $count, $timeout);
    }

    public function listenTo(string $channel, int $count = 1, float $timeout = 2): array
    {
        return $this->listen($channel, $count, $timeout);
    }

    public function acquireLock(string $resource, int $attempts = 10, int $ttl = 30): array
    {
        $value = $this->id . ':' . uniqid();
        for ($retries = 0; $retries < $attempts; $retries++) {
            if ($this->redis->set("lock:$resource", $value, 'EX', $ttl, 'NX') !== null) {
                return ['success' => true, 'lockValue' => $value, 'retries' => $retries];
            }
            usleep(100_000);
        }
        throw new Exception("Failed to acquire lock for $resource after $attempts attempts");
    }

    public function releaseLock(string $resource, string $value): bool
    {
        if ($this->redis->get("lock:$resource") !== $value) return false;
        $this->redis->del(["lock:$resource"]);
        return true;
    }

    public function log(string $message, string $level = 'info'): void
    {
        $line = ['timestamp' => date('Y-m-d H:i:s'), 'level' => $level, 'message' => $message];
        $this->redis->lpush("logs:{$this->id}", [json_encode($line)]);
        $this->redis->ltrim("logs:{$this->id}", 0, 99);
    }

    public function readLog(string $agent): array
    {
        return array_map(fn ($text) => json_decode($text, true), $this->redis->lrange("logs:$agent", 0, -1));
    }
}
