"""An agent of the classic protocol in Python (redis-py), as Python agents in the field speak it: for the tests, which hold the fleet
against a real client. What it writes is what wire-vectors.json says."""
import json
import time
from datetime import datetime

import redis


class ClassicAgent:
    def __init__(self, agent_id, host, port, tell=lambda word: None):
        self.id = agent_id
        self.redis = redis.Redis(host=host, port=port, decode_responses=True)
        self.tell = tell

    def broadcast(self, message, metadata=None):
        event = {
            "agent": self.id,
            "timestamp": datetime.now().isoformat(),
            "message": message,
            "metadata": metadata or {},
        }
        self.redis.publish("broadcast:agents", json.dumps(event))
        self.redis.xadd(
            "events:stream",
            {"agent": self.id, "message": message, "metadata": json.dumps(event["metadata"])},
        )

    def get_events(self, since="0", count=100):
        """The events of the stream from an id on, each with the five fields that classic agents expect."""
        return [
            {
                "id": entry,
                "agent": fields["agent"],
                "type": fields["type"],
                "message": fields["message"],
                "metadata": json.loads(fields["metadata"]),
                "timestamp": fields["timestamp"],
            }
            for entry, fields in self.redis.xrange("events:stream", since, "+", count)
        ]

    def enqueue_task(self, task, assignee, metadata=None):
        entry = {
            "taskId": f"task_{int(time.time())}",
            "creator": self.id,
            "assignee": assignee,
            "task": task,
            "metadata": metadata or {},
            "createdAt": datetime.now().isoformat(),
        }
        self.redis.lpush("task:queue", json.dumps(entry))
        return entry

    def get_next_task(self, timeout=1):
        popped = self.redis.brpop("task:queue", timeout)
        return None if popped is None else json.loads(popped[1])

    def complete_task(self, task_id, result):
        completion = {
            "taskId": task_id,
            "completedBy": self.id,
            "result": result,
            "completedAt": datetime.now().isoformat(),
        }
        self.redis.lpush("task:completed", json.dumps(completion))
        self.broadcast(f"Task completed: {task_id}")

    def fail_task(self, task_id, error):
        self.broadcast(f"Task failed: {task_id}", {"taskId": task_id, "error": error})

    def work(self, idle=1, most=None):
        """Takes tasks and completes them until none has come for `idle` seconds; what is not its own it completes too."""
        done = 0
        while most is None or done < most:
            task = self.get_next_task(idle)
            if task is None:
                break
            self.complete_task(task["taskId"], {"by": self.id, "task": task["task"], "metadata": task["metadata"]})
            done += 1
        return done

    def completions(self):
        return [json.loads(text) for text in self.redis.lrange("task:completed", 0, -1)]

    def send_message(self, to, message, metadata=None):
        mail = {
            "from": self.id,
            "to": to,
            "message": message,
            "metadata": metadata or {},
            "timestamp": datetime.now().isoformat(),
        }
        self.redis.publish(f"msg:{self.id}:{to}", json.dumps(mail))

    def listen_to(self, channel, count=1, timeout=2):
        """What one channel brings until `count` messages have come or none does for `timeout` seconds."""
        link = self.redis.pubsub()
        link.subscribe(channel)
        heard = []
        while len(heard) < count:
            message = link.get_message(timeout=timeout)
            if message is None:
                break
            if message["type"] == "subscribe":
                self.tell("listening")
            if message["type"] == "message":
                heard.append(json.loads(message["data"]))
        link.close()
        return heard

    def listen_broadcast(self, count=1, timeout=2):
        return self.listen_to("broadcast:agents", count, timeout)

    def listen_messages(self, sender, count=1, timeout=2):
        return self.listen_to(f"msg:{sender}:{self.id}", count, timeout)
