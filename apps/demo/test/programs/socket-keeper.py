# The part of a service manager that matters when a service restarts: it keeps the listening socket, and starts the program again
# as often as it is told. Prints the port, and each start and end.
import os, signal, socket, sys

keeper = socket.create_server(("127.0.0.1", 0), backlog=1024)
os.dup2(keeper.fileno(), 3)
os.set_inheritable(3, True)
print("port", keeper.getsockname()[1], flush=True)
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="demo")
        os.execvp(sys.argv[2], sys.argv[2:])
    print("started", pid, flush=True)
    os.waitpid(pid, 0)
    print("ended", pid, flush=True)
