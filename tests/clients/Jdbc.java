// The Postgres JDBC driver: what DBeaver and Metabase ask of DatabaseMetaData, and answers.

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Jdbc {
    static final Map<String, String> ENV = System.getenv();

    static Connection connect() throws SQLException {
        Properties given = new Properties();
        given.put("user", ENV.get("PGUSER"));
        given.put("password", ENV.get("PGPASSWORD"));
        return DriverManager.getConnection("jdbc:postgresql://" + ENV.get("PGHOST") + ":" + ENV.get("PGPORT") + "/helan", given);
    }

    static void check(String name, Callable<Object> work) {
        Object said;
        try {
            said = work.call();
        } catch (Exception error) {
            said = error.toString().split("\n")[0];
        }
        System.out.println(name + "\t" + (Boolean.TRUE.equals(said) ? "ok" : said));
    }

    static int count(ResultSet rows) throws SQLException {
        int count = 0;
        while (rows.next()) count++;
        return count;
    }

    static String ask(Connection one, String question) throws SQLException {
        try (Statement statement = one.createStatement(); ResultSet rows = statement.executeQuery(question)) {
            rows.next();
            return rows.getString(1);
        }
    }

    static Object refused(String state, Callable<Object> work) throws Exception {
        try {
            return "was answered: " + work.call();
        } catch (SQLException error) {
            return state.equals(error.getSQLState()) ? true : error.getSQLState() + " " + error.getMessage();
        }
    }

    static Object lists(Connection one) throws SQLException {
        DatabaseMetaData seen = one.getMetaData();
        List<Object> found = new ArrayList<>();
        try (ResultSet tables = seen.getTables(null, "public", "fig%", new String[] {"TABLE", "VIEW"})) {
            tables.next();
            found.add(tables.getString("TABLE_NAME").equals("figures") && tables.getString("REMARKS").startsWith("Figures to read"));
        }
        try (ResultSet columns = seen.getColumns(null, "public", "rd_intensity", "value")) {
            columns.next();
            found.add(columns.getString("TYPE_NAME").equals("numeric") && columns.getString("REMARKS").startsWith("The ratio"));
        }
        found.add(count(seen.getSchemas()) == 3 && count(seen.getCatalogs()) == 1 && count(seen.getTypeInfo()) > 20);
        found.add(count(seen.getFunctions(null, "public", "figures%")) == 1 && count(seen.getProcedures(null, "public", "%")) == 0);
        found.add(count(seen.getPrimaryKeys(null, "public", "events")) == 0);
        found.add(count(seen.getImportedKeys(null, "public", "events")) == 0 && count(seen.getExportedKeys(null, "public", "events")) == 0);
        found.add(count(seen.getIndexInfo(null, "public", "events", false, false)) == 0);
        found.add(count(seen.getBestRowIdentifier(null, "public", "events", 1, true)) == 0 && count(seen.getUDTs(null, "public", "%", null)) == 0);
        found.add(count(seen.getTablePrivileges(null, "public", "figures")) > 0 && count(seen.getColumnPrivileges(null, "public", "figures", "%")) >= 0);
        found.add(List.of(seen.getSQLKeywords().split(",")).contains("ilike"));
        found.add(count(seen.getFunctionColumns(null, "public", "figures_as_of", "%")) == 3);
        return found.contains(false) ? found : true;
    }

    public static void main(String[] arguments) throws Exception {
        String checks = Files.readString(Path.of(ENV.get("HELAN_CHECKS")));
        Connection one = connect(), other = connect();
        check("connects", () -> one.isValid(5));
        check("lists", () -> lists(one));
        Matcher answers = Pattern.compile("\\[\"(select[^\"]*)\", \"([^\"]*)\"\\]").matcher(checks);
        List<String[]> all = new ArrayList<>();
        while (answers.find()) all.add(new String[] {answers.group(1), answers.group(2)});
        check("answers", () -> {
            for (String[] answer : all.subList(0, 3)) if (!answer[1].equals(ask(one, answer[0]))) return answer[0] + ask(one, answer[0]);
            return true;
        });
        check("digits", () -> all.get(3)[1].equals(ask(one, all.get(3)[0])));
        Matcher then = Pattern.compile("\"as of\": \\[\"([^\"]*)\", \"([^\"]*)\", \"([^\"]*)\"\\]").matcher(checks);
        then.find();
        one.createStatement().execute("set helan.as_of = '" + then.group(1) + "'");
        check("as of", () -> then.group(3).equals(ask(one, then.group(2))));
        check("own settings", () -> "".equals(ask(other, "show helan.as_of")));
        one.createStatement().execute("reset all");
        check("parameter", () -> {
            one.setAutoCommit(false);
            PreparedStatement statement = one.prepareStatement("select value, ?::date from rd_intensity where ref_area = ? and value > ? and time_period = any(?)");
            statement.setFetchSize(1);
            boolean right = true;
            // From the fifth on the driver asks in binary.
            for (int turn = 0; turn < 7; turn++) {
                statement.setDate(1, java.sql.Date.valueOf("2019-08-30"));
                statement.setString(2, "640000");
                statement.setBigDecimal(3, new BigDecimal(all.get(0)[1]).subtract(new BigDecimal("0.0000000001")));
                statement.setArray(4, one.createArrayOf("text", new String[] {"2018"}));
                ResultSet rows = statement.executeQuery();
                right = right && rows.next() && rows.getBigDecimal(1).toString().equals(all.get(0)[1]) && rows.getDate(2).toString().equals("2019-08-30") && !rows.next();
            }
            one.commit();
            one.setAutoCommit(true);
            return right;
        });
        Matcher endless = Pattern.compile("\"endless\": \"([^\"]*)\"").matcher(checks);
        endless.find();
        check("cut off", () -> refused("57014", () -> {
            Statement statement = one.createStatement();
            statement.setQueryTimeout(1);
            return statement.executeQuery(endless.group(1));
        }));
        check("reads only", () -> refused("25006", () -> one.createStatement().executeUpdate("insert into events values (1)")));
        check("no files", () -> refused("42883", () -> ask(one, "select pg_read_file('/etc/passwd')")));
    }
}
