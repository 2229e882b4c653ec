<?php
/**
 * An agent of the classic protocol in PHP (Predis), cut down to what the examples use. It stands for the class that your PHP agents have
 * already: it knows raw Redis keys and nothing of the fleet.
 */
require 'Predis/Autoloader.php'; // Debian's php-predis; with Composer: require 'vendor/autoload.php'
Predis\Autoloader::register();

class ClassicAgent
{
    private string $url;
    private Predis\Client $redis;

    public function __construct(public string $id)
    {
        $this->url = getenv('REDIS_URL') ?: 'redis://127.0.0.1:6379';
        $this->redis = new Predis\Client($this->url);
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

    /** Broadcasts from this call on; fails when none has come for $timeout seconds. */
    public function listenBroadcast(int $timeout): Generator
    {
        $link = new Predis\Client($this->url . "?read_write_timeout=$timeout");
        $heard = $link->pubSubLoop(['subscribe' => 'broadcast:agents']);
        $heard->current(); // the subscription is confirmed
        return (function () use ($heard, $timeout) {
            try {
                foreach ($heard as $message) {
                    if ($message->kind === 'message') yield json_decode($message->payload, true);
                }
            } catch (Predis\Connection\ConnectionException) {
                throw new Exception("expected a broadcast within $timeout seconds, got: none");
            }
        })();
    }

    /** Returns the id of the task. */
    public function enqueueTask(string $task, string $assignee, array $metadata = []): string
    {
        $entry = [
            'taskId' => uniqid('task_'), 'creator' => $this->id, 'assignee' => $assignee, 'task' => $task,
            'metadata' => $metadata, 'createdAt' => date('c'), 'status' => 'pending',
        ];
        $this->redis->lpush('task:queue', [json_encode($entry)]);
        $this->broadcast("Task enqueued: $task for $assignee", ['taskId' => $entry['taskId']]);
        return $entry['taskId'];
    }

    /**
     * The next task for one of these names; null when none has come for a second. BRPOP brings the oldest entry, whoever it is for: what is
     * for somebody else goes to the back of the list again, as it was.
     */
    public function nextTask(array $names): ?array
    {
        [, $entry] = $this->redis->brpop(['task:queue'], 1) ?? [null, null];
        if ($entry === null) return null;
        $task = json_decode($entry, true);
        if (in_array($task['assignee'] ?? null, $names, true)) return $task;
        $this->redis->lpush('task:queue', [$entry]);
        usleep(20_000); // the others have their turn
        return null;
    }

    public function completeTask(string $taskId, array $result): void
    {
        $completion = [
            'taskId' => $taskId, 'completedBy' => $this->id, 'result' => $result, 'metadata' => [],
            'completedAt' => date('c'), 'status' => 'completed',
        ];
        $this->redis->lpush('task:completed', [json_encode($completion)]);
        $this->broadcast("Task completed: $taskId", $completion);
    }

    public function failTask(string $taskId, string $error): void
    {
        $this->broadcast("Task failed: $taskId", ['taskId' => $taskId, 'error' => $error]);
    }

    /** The completion of a task; null when there is none. */
    public function completion(string $taskId): ?array
    {
        foreach ($this->redis->lrange('task:completed', 0, -1) as $text) {
            $completion = json_decode($text, true);
            if (($completion['taskId'] ?? null) === $taskId) return $completion;
        }
        return null;
    }

    /** Returns what releaseLock needs. */
    public function acquireLock(string $resource, int $ttl = 30, int $seconds = 60): string
    {
        $value = $this->id . ':' . uniqid();
        for ($attempts = $seconds * 10; $attempts > 0; $attempts--) {
            if ($this->redis->set("lock:$resource", $value, 'EX', $ttl, 'NX') !== null) return $value;
            usleep(100_000);
        }
        throw new Exception("Failed to acquire lock for $resource");
    }

    public function releaseLock(string $resource, string $value): bool
    {
        if ($this->redis->get("lock:$resource") !== $value) return false;
        $this->redis->del(["lock:$resource"]);
        return true;
    }
}
