// The Agents Playground listens on all interfaces. With `node --require` this keeps it, and whatever it starts, local.
const { Server } = require("node:net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  if (typeof port === "object" && port !== null) return listen.call(this, { ...port, host: "127.0.0.1" }, ...rest);
  return listen.call(this, port, "127.0.0.1", ...rest.filter((each) => typeof each === "function"));
};
