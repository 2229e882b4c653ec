"""An agent of the classic protocol in Python (redis-py), cut down to what the examples use. It stands for the class that your Python agents
have already: it knows raw Redis keys and nothing of the fleet."""
import json
import os
import time
from datetime import datetime

import redis


class ClassicAgent:
    def __init__(self, agent_id):
        self.id = agent_id
        self.redis = redis.Redis.from_url(
            os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"), decode_responses=True
        )

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

    def next_task(self, names):
        """The next task for one of these names; None when none has come for a second. BRPOP brings the oldest entry, whoever it is for:
        what is for somebody else goes to the back of the list again, as it was."""
        popped = self.redis.brpop("task:queue", 1)
        if popped is None:
            return None
        task = json.loads(popped[1])
        if task.get("assignee") in names:
            return task
        self.redis.lpush("task:queue", popped[1])
        time.sleep(0.02)  # the others have their turn
        return None

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
